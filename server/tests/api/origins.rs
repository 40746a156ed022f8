//! Who may ask: pages of other origins, and names that are not ours.

use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Server, open};

const BODY: &str = r#"{"key":"k","value":"v"}"#;

fn set_from(server: &Server, origin: &str) -> crate::support::Response {
    let headers = format!("Content-Type: application/json\r\nOrigin: {origin}\r\n");
    server.send_with("POST", "/set", &headers, BODY)
}

#[test]
fn allowed_origins_see_answers_with_credentials() {
    let name = TestName::new("srv-cors");
    let server = Server::start(&name, &["--allow-origin", "https://kv.example"]);
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000", "https://kv.example"] {
        let answer = set_from(&server, origin);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[test]
fn allowed_origins_see_errors_too() {
    let name = TestName::new("srv-cors-errors");
    let server = Server::start(&name, &[]);
    let origin = "Origin: http://localhost:3000\r\n";
    let long = format!("{origin}X-Long: {}\r\n", "x".repeat(20_000));
    for (method, path, headers, status) in [
        ("GET", "/get/nothing", origin, 404),
        ("GET", "/nothing", origin, 404),
        ("DELETE", "/status", origin, 405),
        ("POST", "/set", origin, 422),
        ("GET", "/status", &long, 431),
    ] {
        let answer = server.send_with(method, path, headers, "");
        assert_eq!(answer.status, status, "{method} {path}");
        let seen = answer.header("access-control-allow-origin");
        assert_eq!(seen, Some("http://localhost:3000"), "{method} {path}");
    }
}

#[test]
fn preflight_is_answered() {
    let name = TestName::new("srv-preflight");
    let server = Server::start(&name, &[]);
    let headers = "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: PUT\r\n\
                   Access-Control-Request-Headers: content-type, if-match\r\n";
    let answer = server.send_with("OPTIONS", "/keys/a", headers, "");
    assert_eq!(answer.status, 204);
    let methods = answer.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("PUT") && methods.contains("DELETE"), "{methods}");
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.contains("If-Match"), "{allowed}");
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));

    let foreign = headers.replace("localhost:3000", "evil.example");
    assert_eq!(server.send_with("OPTIONS", "/keys/a", &foreign, "").status, 403);
}

#[test]
fn changes_from_foreign_pages_are_refused() {
    let name = TestName::new("srv-foreign");
    let server = Server::start(&name, &[]);
    for origin in ["http://evil.example", "null", "http://localhost:8001"] {
        let answer = set_from(&server, origin);
        assert_eq!(answer.status, 403, "{origin}");
        assert!(answer.detail().contains("is not allowed"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(open(&name).version(), 0);
    assert_eq!(set_from(&server, &server.url()).status, 200, "its own page");
}

#[test]
fn foreign_host_is_refused() {
    let name = TestName::new("srv-host");
    let server = Server::start(&name, &["--allow-host", "kv.example"]);
    for host in ["evil.example", "evil.example:8000"] {
        let headers = format!("Host: {host}\r\nContent-Type: application/json\r\n");
        let answer = server.send_with("POST", "/set", &headers, BODY);
        assert_eq!(answer.status, 421, "{host}");
        assert_eq!(server.send_with("GET", "/status", &headers, "").status, 421, "{host}");
    }
    assert_eq!(open(&name).version(), 0);
    assert_eq!(server.send_with("GET", "/status", "Host: kv.example\r\n", "").status, 200);
    assert_eq!(server.send_with("GET", "/status", "Host: localhost\r\n", "").status, 200);
}

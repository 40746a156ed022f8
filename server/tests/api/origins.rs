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
                   Access-Control-Request-Headers: content-type,authorization,x-trace\r\n";
    let answer = server.send_with("OPTIONS", "/keys/a", headers, "");
    assert_eq!(answer.status, 204);
    let methods = answer.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("PUT") && methods.contains("DELETE"), "{methods}");
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert_eq!(allowed, "content-type, authorization, x-trace");
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));

    let none = headers.split("Access-Control-Request-Headers").next().unwrap();
    let answer = server.send_with("OPTIONS", "/keys/a", none, "");
    assert!(answer.header("access-control-allow-headers").unwrap().contains("If-Match"));

    for odd in ["a b", "a\"b", &"x".repeat(5000), &["x"; 200].join(",")] {
        let headers = format!("{none}Access-Control-Request-Headers: {odd}\r\n");
        let answer = server.send_with("OPTIONS", "/keys/a", &headers, "");
        assert_eq!(answer.status, 403, "{odd}");
        assert!(answer.detail().contains("Access-Control-Request-Headers"), "{answer:?}");
    }

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

/// Which of two would count is anybody's guess, so none does.
#[test]
fn header_that_is_there_twice_and_means_one_thing_is_400() {
    let name = TestName::new("srv-twice");
    let server = Server::start(&name, &[]);
    let json = "Content-Type: application/json\r\n";
    let own = format!("Origin: {}\r\n", server.url());
    for headers in [
        format!("{json}{own}Origin: http://evil.example\r\n"),
        format!("{json}{own}{own}"),
        format!("{json}{json}"),
        format!("{json}Content-Type: text/plain\r\n"),
    ] {
        let answer = server.send_with("POST", "/set", &headers, BODY);
        assert_eq!(answer.status, 400, "{headers}");
        assert!(answer.detail().contains("more than once"), "{answer:?}");
    }
    let twice = "Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n";
    assert_eq!(server.send_with("GET", "/events", twice, "").status, 400);
    assert_eq!(open(&name).version(), 0);
}

/// A page elsewhere could take all streams there are, though it sees none of them.
#[test]
fn streams_for_foreign_pages_are_refused() {
    let name = TestName::new("srv-foreign-streams");
    let server = Server::start(&name, &[]);
    let own = format!("Origin: {}\r\nSec-Fetch-Site: same-origin\r\n", server.url());
    let allowed = "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n";
    for path in ["/events", "/frames"] {
        for headers in [
            "Origin: http://evil.example\r\n",
            "Origin: null\r\n",
            // An image, or a frame: such requests have no Origin.
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
        ] {
            // Only the head: a stream that is let in has no end.
            let mut client = server.connect();
            client.send("GET", path, headers, "");
            assert_eq!(client.head().status, 403, "{path} {headers}");
        }
        for headers in ["", "Sec-Fetch-Site: none\r\n", &own, allowed] {
            let mut client = server.connect();
            client.send("GET", path, headers, "");
            assert_eq!(client.head().status, 200, "{path} {headers}");
        }
    }
}

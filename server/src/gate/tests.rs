//! The gate, as requests of many kinds find it.

use axum::http::Request;

use super::*;

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 5));

/// The status with which a request is refused or answered here, and whether the
/// asking page may see the answer.
fn sent(method: &str, headers: &[(&str, &str)]) -> (Option<u16>, bool) {
    let gate = Gate::new(&["https://example.org".parse().unwrap()], &["kv.example".into()]);
    let mut request = Request::builder().method(method).uri("/status");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let (pass, response) = gate.check(&parts, LOCAL);
    let mut shown = HeaderMap::new();
    pass.mark(&mut shown);
    let visible = shown.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    (response.map(|response| response.status().as_u16()), visible)
}

fn with_host(host: &str) -> Option<u16> {
    sent("GET", &[("host", host)]).0
}

#[test]
fn own_names_and_addresses_are_let_in() {
    for host in [
        "localhost:8000",
        "LOCALHOST",
        "shmkv.localhost:80",
        "127.0.0.1:8000",
        "127.1.2.3",
        "[::1]:8000",
        "192.168.1.5:8000",
        "[::ffff:192.168.1.5]:8000",
        "kv.example:8000",
        "KV.example",
    ] {
        assert_eq!(with_host(host), None, "{host}");
    }
}

#[test]
fn foreign_names_and_addresses_are_misdirected() {
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[2001:db8::1]",
        "localhost:80:80",
        "localhost:x",
        "[::1",
        ":8000",
        "",
    ] {
        assert_eq!(with_host(host), Some(421), "{host}");
    }
}

#[test]
fn host_is_needed_once() {
    assert_eq!(sent("GET", &[]).0, Some(400));
    assert_eq!(sent("GET", &[("host", "localhost"), ("host", "localhost")]).0, Some(400));
}

#[test]
fn changes_from_foreign_origins_are_refused() {
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:8001",
        "http://127.0.0.1:8000",
        "https://localhost:8000",
        "http://example.org",
        "",
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let headers = [("host", "localhost:8000"), ("origin", origin)];
            assert_eq!(sent(method, &headers), (Some(403), false), "{method} from {origin}");
        }
    }
}

#[test]
fn reads_from_foreign_origins_are_answered_and_not_shown() {
    let headers = [("host", "localhost:8000"), ("origin", "http://evil.example")];
    assert_eq!(sent("GET", &headers), (None, false));
}

#[test]
fn changes_from_the_own_page_are_let_in() {
    let headers = [("host", "localhost:8000"), ("origin", "http://localhost:8000")];
    assert_eq!(sent("DELETE", &headers), (None, false));
}

#[test]
fn allowed_origins_may_change_and_see() {
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000", "https://example.org"] {
        let headers = [("host", "localhost:8000"), ("origin", origin)];
        assert_eq!(sent("POST", &headers), (None, true), "{origin}");
    }
}

#[test]
fn refusals_are_shown_to_allowed_origins_too() {
    let headers = [("host", "localhost:8000"), ("origin", "http://localhost:3000")];
    assert!(sent("GET", &headers).1);
    let preflight = [headers[0], headers[1], ("access-control-request-method", "PUT")];
    assert_eq!(sent("OPTIONS", &preflight), (Some(204), true));
}

#[test]
fn preflight_of_a_foreign_origin_is_refused() {
    let headers = [
        ("host", "localhost:8000"),
        ("origin", "http://evil.example"),
        ("access-control-request-method", "PUT"),
    ];
    assert_eq!(sent("OPTIONS", &headers), (Some(403), false));
}

#[test]
fn origins_are_checked_when_they_are_given() {
    for text in ["https://example.org", "http://localhost:3000", "http://[::1]:1"] {
        assert!(text.parse::<Origin>().is_ok(), "{text}");
    }
    for text in ["", "*", "example.org", "https://", "https://example.org/", "ftp://example.org"] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    for text in DEFAULT_ORIGINS {
        assert!(text.parse::<Origin>().is_ok(), "{text}");
    }
}

//! Bounds on what is sent, and on the time that it takes.

use std::io::Read;

use shmkv_tests::TestName;

use crate::support::Server;

#[test]
fn body_that_is_too_long_is_413() {
    let name = TestName::new("srv-body");
    let server = Server::start(&name, &[]);
    let body = format!(r#"{{"key":"k","value":"v","more":"{}"}}"#, "x".repeat(20_000));
    let answer = server.send("POST", "/set", &body);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.detail(), "the body is longer than 16384 bytes");

    let mut client = server.connect();
    client.write(&format!(
        "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}",
        body.len(),
        body
    ));
    assert_eq!(client.response(false).status, 413);
}

/// A client that asks whether its body is wanted sends none that is not.
#[test]
fn body_that_is_announced_too_long_is_not_asked_for() {
    let name = TestName::new("srv-expect");
    let server = Server::start(&name, &[]);
    let mut client = server.connect();
    client.write(
        "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 10000000\r\nExpect: 100-continue\r\n\r\n",
    );
    let answer = client.response(false);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.detail(), "the body is longer than 16384 bytes");
}

/// A client that sends everything before it reads finds its answer, too.
#[test]
fn body_that_is_too_long_is_swallowed() {
    let name = TestName::new("srv-swallow");
    let server = Server::start(&name, &[]);
    let answer = server.send("POST", "/set", &"x".repeat(10_000_000));
    assert_eq!(answer.status, 413);
}

#[test]
fn headers_that_are_too_long_are_431() {
    let name = TestName::new("srv-headers");
    let server = Server::start(&name, &[]);
    let long = format!("X-Long: {}\r\n", "x".repeat(16_384));
    let answer = server.send_with("GET", "/status", &long, "");
    assert_eq!(answer.status, 431);
    assert!(answer.detail().contains("at most 16384"), "{answer:?}");
    let longer = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let mut client = server.connect();
    client.send("GET", "/status", &longer, "");
    assert_eq!(client.head().status, 431);
}

#[test]
fn path_that_is_too_long_is_414() {
    let name = TestName::new("srv-path");
    let answer = Server::start(&name, &[]).get(&format!("/get/{}", "x".repeat(10_000)));
    assert_eq!(answer.status, 414);
    assert!(!answer.detail().is_empty());
}

#[test]
fn head_that_never_ends_is_cut_off() {
    let name = TestName::new("srv-slow-head");
    let server = Server::start(&name, &["--stall-timeout-ms", "50"]);
    let mut client = server.connect();
    client.write("GET /status HTTP/1.1\r\nHost: localhost\r\n");
    let mut rest = Vec::new();
    client.stream().read_to_end(&mut rest).expect("the server ends the connection");
}

#[test]
fn body_that_never_ends_is_cut_off() {
    let name = TestName::new("srv-slow-body");
    let server = Server::start(&name, &["--stall-timeout-ms", "50"]);
    let mut client = server.connect();
    client.write(
        "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 10\r\n\r\n{",
    );
    let answer = client.response(false);
    assert_eq!(answer.status, 408);
    assert_eq!(answer.detail(), "the body did not arrive within 50 ms");
}

#[test]
fn what_is_no_http_is_400() {
    let name = TestName::new("srv-no-http");
    let server = Server::start(&name, &[]);
    for text in ["hello\r\n\r\n", "GET /status HTTP/1.1\r\nno colon\r\n\r\n"] {
        let mut client = server.connect();
        client.write(text);
        assert_eq!(client.head().status, 400, "{text:?}");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn head_requests_have_no_body() {
    let name = TestName::new("srv-head");
    let server = Server::start(&name, &[]);
    let head = server.connect().ask("HEAD", "/status", "", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

//! How the server starts, what it leaves, and what it does when the segment goes.

use shmkv::{KeyValue, Segment, Store};
use shmkv_tests::TestName;

use crate::support::{Server, open};

#[test]
fn segment_is_created_and_left() {
    let name = TestName::new("srv-create");
    let server = Server::start(&name, &[]);
    assert!(server.greeting.ends_with(": created\n"), "{}", server.greeting);
    server.set("k", "v");
    server.stop();
    assert_eq!(open(&name).get("k").unwrap(), b"v");
}

#[test]
fn segment_that_is_there_is_opened_and_left() {
    let name = TestName::new("srv-open");
    Store::create(&name).unwrap().set("k", "v").unwrap();
    let server = Server::start(&name, &[]);
    assert!(server.greeting.ends_with(": opened\n"), "{}", server.greeting);
    assert_eq!(server.get("/get/k").json()["value"], "v");
    server.signal("-INT");
    assert!(server.wait().success());
    assert_eq!(open(&name).get("k").unwrap(), b"v");
}

#[test]
fn segment_is_removed_where_that_is_asked_for() {
    let name = TestName::new("srv-unlink");
    Server::start(&name, &["--unlink"]).stop();
    assert!(Store::open(&name).is_err());
}

#[test]
fn read_only_server_changes_nothing() {
    let name = TestName::new("srv-read-only");
    let server = Server::start(&name, &["--read-only"]);
    let answer = server.get("/status");
    assert_eq!(answer.status, 503);
    let missing = format!("no store is open: there is no segment {}", name.as_str());
    assert_eq!(answer.detail(), missing);
    server.stop();

    let store = Store::create(&name).unwrap();
    store.set("k", "v").unwrap();
    let server = Server::start(&name, &["--read-only"]);
    assert_eq!(server.get("/get/k").status, 200);
    assert_eq!(server.set("k", "w").status, 403);
    assert_eq!(server.send("DELETE", "/keys/k", "").status, 403);
    assert_eq!(store.get("k").unwrap(), b"v");
}

#[test]
fn foreign_object_is_not_touched() {
    let name = TestName::new("srv-alien");
    Segment::create(&name, 1 << 20).unwrap();
    let error = Server::try_start(&name, "127.0.0.1:0", &[]).err().unwrap();
    assert!(error.contains("it is another program's"), "{error}");
}

#[test]
fn address_that_is_taken_is_told() {
    let name = TestName::new("srv-taken");
    let server = Server::start(&name, &[]);
    let address = server.address.to_string();
    let error = Server::try_start(&name, &address, &[]).err().unwrap();
    assert!(error.contains("cannot listen on"), "{error}");
}

/// Schedule: a request is sent by half; the server is told to stop; the rest of
/// the request comes.
/// Allowed: it is answered, and the server ends with success.
#[test]
fn request_under_way_is_answered_before_the_end() {
    let name = TestName::new("srv-drain");
    let server = Server::start(&name, &[]);
    let mut client = server.connect();
    let body = r#"{"key":"k","value":"v"}"#;
    let (first, second) = body.split_at(5);
    client.write(&format!(
        "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    ));
    // The server waits for the body once it has asked for it.
    assert_eq!(client.head().status, 100);
    client.write(first);
    server.signal("-TERM");
    crate::support::wait_until("the server no longer accepts", || {
        std::net::TcpStream::connect(server.address).is_err()
    });
    client.write(second);
    assert_eq!(client.response(false).status, 200);
    assert!(server.wait().success());
}

//! The server while other processes hold the lock, for a while or for ever.

use std::thread;

use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Server, open, wait_until};

/// A process took the lock and died.
#[test]
fn lost_lock_is_503_with_retry_after_and_the_server_lives_on() {
    let name = TestName::new("srv-lost");
    let server = Server::start(&name, &["--lock-timeout-ms", "50"]);
    server.set("k", "v");
    let store = open(&name);
    store.table().sem.wait().unwrap();
    for (method, path, body) in [
        ("GET", "/get/k", ""),
        ("POST", "/set", r#"{"key":"k","value":"w"}"#),
        ("DELETE", "/keys/k", ""),
        ("GET", "/status", ""),
    ] {
        let answer = server.send(method, path, body);
        assert_eq!(answer.status, 503, "{method} {path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        let detail = answer.detail();
        assert!(detail.starts_with("the lock was not free within "), "{detail}");
        assert!(detail.contains("may have died while it did"), "{detail}");
        assert!(detail.ends_with("recover the store (POST /recover)"), "{detail}");
    }
    assert_eq!(server.get("/metrics").status, 200, "what needs no lock is answered");

    store.table().sem.post().unwrap();
    assert_eq!(server.get("/get/k").json()["value"], "v");
}

/// Schedule: the lock is held while more requests come than the server has
/// threads; meanwhile others are answered; then it is given back.
/// Allowed: all are answered as if nothing had been.
#[test]
fn requests_that_wait_hold_up_nobody_else() {
    let name = TestName::new("srv-wait");
    let server = Server::start(&name, &["--lock-timeout-ms", "60000"]);
    let store = open(&name);
    store.table().sem.wait().unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..50)
            .map(|number| {
                let server = &server;
                scope.spawn(move || server.set("k", &number.to_string()).status)
            })
            .collect();
        wait_until("50 requests in the queue", || {
            server.get("/metrics").body.contains("shmkv_lock_queue 50\n")
        });
        assert_eq!(server.get("/").status, 200);
        store.table().sem.post().unwrap();
        for request in waiting {
            assert_eq!(request.join().unwrap(), 200);
        }
    });
    assert_eq!(store.version(), 50);
}

#[test]
fn operations_are_counted() {
    let name = TestName::new("srv-metrics");
    let server = Server::start(&name, &[]);
    server.set("k", "v");
    server.get("/get/k");
    server.get("/get/nothing");
    let text = server.get("/metrics").body;
    for line in [
        "shmkv_operations_total{operation=\"set\",result=\"ok\"} 1",
        "shmkv_operations_total{operation=\"get\",result=\"ok\"} 1",
        "shmkv_operations_total{operation=\"get\",result=\"not_found\"} 1",
        "shmkv_version 1",
        "shmkv_entries 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
}

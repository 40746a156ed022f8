//! A process that died with the lock in its hand, or left the table damaged: told at
//! once, and put right where that is safe.

use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};
use shmkv::{KeyValue, Store};
use shmkv_tests::TestName;

use crate::support::{Events, Server, holder, open, wait_until};

/// Longer than a test may take: what is answered did not wait for the lock.
const PATIENT: [&str; 2] = ["--lock-timeout-ms", "3600000"];

/// A store with one pair, and nobody who has it open.
fn store(name: &TestName) {
    Store::create(name).unwrap().set("k", "v").unwrap();
}

fn recover(server: &Server) -> (u16, Value) {
    let answer = server.send("POST", "/recover", "");
    (answer.status, answer.json())
}

/// The text of the last recovery, as pages are told it.
fn notice(server: &Server) -> String {
    let mut frames = Events::open(server, "/frames", None);
    let frame = frames.find("a notice", |frame| !frame.data["notice"].is_null());
    frame.data["notice"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn health_check_is_answered_at_once_while_the_lock_is_held() {
    let name = TestName::new("srv-rec-health");
    let server = Server::start(&name, &PATIENT);
    let store = open(&name);
    store.table().sem.wait().unwrap();
    let answer = server.get("/healthz");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    let detail = answer.detail();
    assert!(detail.contains("the lock was not free within 100 ms"), "{detail}");
    assert!(detail.ends_with("recover the store (POST /recover)"), "{detail}");
    store.table().sem.post().unwrap();

    let holder = holder(&name, "hold");
    let detail = server.get("/healthz").detail();
    let lives = format!("process {} (store-peer) holds it, and lives", holder.pid());
    assert!(detail.ends_with(&lives), "{detail}");
    assert!(holder.finish().success());
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn lock_of_a_dead_process_is_told_and_freed_while_others_have_the_store_open() {
    let name = TestName::new("srv-rec-dead");
    let server = Server::start(&name, &PATIENT);
    server.set("k", "v");
    let other = open(&name);
    let holder = holder(&name, "hold");
    let pid = holder.pid();
    holder.kill();
    let answer = server.set("k", "w");
    assert_eq!(answer.status, 503);
    let died = format!("process {pid} (store-pe) died while it held it");
    let detail = answer.detail();
    assert!(detail.contains(&died) && detail.ends_with("(POST /recover)"), "{detail}");
    assert!(server.get("/healthz").detail().contains(&died));

    let (status, done) = recover(&server);
    assert_eq!(
        (status, &done["recovered"], &done["owner"]["pid"]),
        (200, &json!(true), &json!(pid))
    );
    let message = done["message"].as_str().unwrap();
    let said = format!("process {pid} (store-pe) died while it held the lock; the store is usable");
    assert!(message.starts_with(&said), "{message}");
    assert_eq!(notice(&server), message);
    assert_eq!(server.set("k", "w").status, 200);
    assert_eq!(other.get("k").unwrap(), b"w");

    let (status, nothing) = recover(&server);
    assert_eq!((status, &nothing["recovered"]), (200, &json!(false)));
    assert_eq!(notice(&server), message);
}

#[test]
fn lock_of_a_living_process_is_left_to_it() {
    let name = TestName::new("srv-rec-living");
    let server = Server::start(&name, &PATIENT);
    server.set("k", "v");
    let holder = holder(&name, "hold");
    let (status, conflict) = recover(&server);
    assert_eq!(status, 409);
    assert_eq!(conflict["owner"], json!({"pid": holder.pid(), "name": "store-peer"}));
    let detail = conflict["detail"].as_str().unwrap();
    assert!(detail.ends_with("holds it, and lives"), "{detail}");
    assert!(holder.finish().success());
    assert_eq!(recover(&server).1["recovered"], json!(false));
    assert_eq!(server.get("/status").json()["version"], 1);
}

/// A C program's lock does not tell whose it is.
#[test]
fn lock_that_may_be_somebodys_is_left_and_told_with_who_has_the_store_open() {
    let name = TestName::new("srv-rec-unknown");
    let server = Server::start(&name, &PATIENT);
    let other = open(&name);
    let holder = holder(&name, "hold-unmarked");
    holder.kill();
    let (status, conflict) = recover(&server);
    assert_eq!((status, &conflict["owner"]), (409, &Value::Null));
    let others = conflict["others"].as_array().unwrap();
    assert!(others.iter().any(|found| found["pid"] == std::process::id()), "{conflict}");
    let detail = conflict["detail"].as_str().unwrap();
    assert!(detail.contains("nobody knows by whom"), "{detail}");
    assert!(detail.contains(&format!("process {}", std::process::id())), "{detail}");
    assert_eq!(other.table().sem.value(), 0);
}

/// Schedule: a C program dies with the lock; a request of the only other process,
/// the server, waits for it; somebody asks for recovery.
/// Allowed: the request is told to come again, and everything works from then on.
#[test]
fn lock_of_an_unknown_process_is_freed_where_the_server_alone_has_the_store() {
    let name = TestName::new("srv-rec-alone");
    let server = Server::start(&name, &PATIENT);
    server.set("k", "v");
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    holder(&name, "hold-unmarked").kill();
    let mut waiting = server.connect();
    waiting.send("GET", "/get/k", "", "");
    wait_until("a request in the queue", || {
        server.get("/metrics").body.contains("shmkv_lock_queue 1\n")
    });
    let (status, done) = recover(&server);
    assert_eq!((status, &done["recovered"], &done["owner"]), (200, &json!(true), &Value::Null));
    let gone = "the lock was held by a process that is gone; the store is usable again";
    assert!(done["message"].as_str().unwrap().starts_with(gone), "{done}");
    assert_eq!(waiting.response(false).status, 503);
    assert_eq!(server.get("/get/k").json()["value"], "v");
    assert_eq!(server.set("k", "w").status, 200);
    // As a change, or in the table that those get who are told anew.
    events.find("the last set", |event| event.data.to_string().contains("\"value\":\"w\""));
}

/// Schedule: two servers have the store open when its lock's owner dies; both are
/// asked to recover at once. Allowed: one does, and both go on.
#[test]
fn two_servers_go_on_after_one_of_them_has_recovered() {
    let name = TestName::new("srv-rec-two");
    let servers = [Server::start(&name, &PATIENT), Server::start(&name, &PATIENT)];
    servers[0].set("k", "v");
    let holder = holder(&name, "hold");
    let pid = holder.pid();
    holder.kill();
    for server in &servers {
        let mut frames = Events::open(server, "/frames", None);
        let dead = json!({"pid": pid, "name": "store-pe", "dead": true});
        frames.find("the dead owner", |frame| frame.data["lock"]["owner"] == dead);
    }
    let done = std::thread::scope(|scope| {
        let tasks = servers.each_ref().map(|server| scope.spawn(|| recover(server)));
        tasks.map(|task| task.join().unwrap())
    });
    let recovered =
        done.iter().filter(|(status, done)| *status == 200 && done["recovered"] == true);
    assert_eq!(recovered.count(), 1, "{done:?}");
    for (number, server) in servers.iter().enumerate() {
        assert_eq!(server.set("k", &number.to_string()).status, 200);
        let text = notice(server);
        assert!(
            text.starts_with(&format!("process {pid} (store-pe) died while it held")),
            "{text}"
        );
    }
}

#[test]
fn lock_of_a_dead_process_is_freed_at_the_start_and_told() {
    let name = TestName::new("srv-rec-start");
    store(&name);
    holder(&name, "hold-unmarked").kill();
    let server = Server::start(&name, &PATIENT);
    assert_eq!(server.get("/get/k").json()["value"], "v");
    let told = "the lock was held by a process that is gone";
    assert!(notice(&server).starts_with(told));
    let page = server.send_with("GET", "/", "Accept: text/html\r\n", "");
    assert!(page.body.contains(told), "{}", page.body);
    let said = server.stop_and_hear();
    assert!(said.contains(told), "{said}");
}

/// The same, while another process has the store open: it may be the owner.
#[test]
fn lock_that_may_be_somebodys_is_left_at_the_start_and_told() {
    let name = TestName::new("srv-rec-in-use");
    store(&name);
    holder(&name, "hold-unmarked").kill();
    let other = open(&name);
    let server = Server::start(&name, &["--lock-timeout-ms", "50"]);
    assert_eq!(server.get("/get/k").status, 503);
    let said = server.stop_and_hear();
    assert!(said.contains("nobody knows by whom"), "{said}");
    assert_eq!(other.table().sem.value(), 0);
}

/// Half a change of somebody's: a count that is too high.
#[test]
fn damaged_table_is_shown_as_it_is_until_it_is_put_right() {
    let name = TestName::new("srv-rec-damaged");
    store(&name);
    open(&name).table().entry_count.store(11, Relaxed);
    for options in [&["--read-only"][..], &[]] {
        let server = Server::start(&name, options);
        let damage = "the table is corrupt: entry_count is 11";
        assert!(server.greeting.contains(damage), "{}", server.greeting);
        for answer in [server.get("/status"), server.get("/get/k"), server.get("/healthz")] {
            assert_eq!(answer.status, 503);
            assert!(answer.detail().contains(damage), "{answer:?}");
            assert!(answer.detail().contains("POST /recover"), "{answer:?}");
        }
        let mut frames = Events::open(&server, "/frames", None);
        let frame = frames.find("the damage", |frame| frame.data["damaged"] == true).data;
        assert!(frame["problem"].as_str().unwrap().starts_with(damage), "{frame}");
        assert_eq!(frame["slots"][0]["key"], "k");
        if !options.is_empty() {
            assert_eq!(server.set("k", "w").status, 403);
            assert_eq!(server.send("POST", "/recover", "").status, 403);
            continue;
        }
        assert_eq!(server.set("k", "w").status, 503);
        let (status, done) = recover(&server);
        assert_eq!((status, &done["recovered"]), (200, &json!(true)));
        let message = done["message"].as_str().unwrap();
        assert!(message.contains("entry_count was 11 and is 1"), "{message}");
        assert_eq!(server.get("/get/k").json()["value"], "v");
        assert_eq!(server.set("k", "w").status, 200);
        let frame = frames.find("the end of it", |frame| frame.data["damaged"] == false).data;
        assert_eq!(frame["problem"], Value::Null);
    }
}

/// A table that is damaged while the server has it open can be put right, too.
#[test]
fn table_that_becomes_damaged_is_put_right() {
    let name = TestName::new("srv-rec-spoilt");
    let server = Server::start(&name, &[]);
    server.set("k", "v");
    open(&name).table().entry_count.store(7, Relaxed);
    let answer = server.get("/status");
    assert_eq!(answer.status, 500);
    assert!(answer.detail().contains("entry_count is 7, and 1 slots are occupied"), "{answer:?}");
    assert!(answer.detail().ends_with("POST /recover puts it right"), "{answer:?}");
    assert_eq!(recover(&server).1["recovered"], json!(true));
    assert_eq!(server.get("/status").json()["entry_count"], 1);
}

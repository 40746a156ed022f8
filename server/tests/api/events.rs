//! `/events`: every version, with what changed.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;
use shmkv::{KeyValue, Store};
use shmkv_tests::TestName;

use crate::support::{Events, Server, open, wait_until};

#[test]
fn stream_begins_with_the_table() {
    let name = TestName::new("srv-ev-first");
    let server = Server::start(&name, &[]);
    server.set("a", "1");
    let mut events = Events::open(&server, "/events", None);
    // The watcher may not have looked yet; then the change follows.
    let table = events.expect("snapshot");
    if table.data["version"] == 0 {
        assert_eq!(events.expect("change").data["version"], 1);
    } else {
        assert_eq!(table.data["entries"][0]["value"], "1");
    }
}

#[test]
fn changes_through_this_server_are_told_one_by_one() {
    let name = TestName::new("srv-ev-own");
    let server = Server::start(&name, &[]);
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    for number in 0..500 {
        assert_eq!(server.connect_set("k", number), 200);
    }
    server.send("DELETE", "/keys/k", "");
    for number in 0..500 {
        let change = events.expect("change").data;
        assert_eq!((&change["from"], &change["version"]), (&json!(number + 1), &json!(number + 1)));
        assert_eq!(change["changes"].as_array().unwrap().len(), 1);
        let set = &change["changes"][0];
        assert_eq!(
            (&set["op"], &set["key"], &set["slot"]),
            (&json!("set"), &json!("k"), &json!(0))
        );
        assert_eq!(set["value"], number.to_string());
    }
    let deleted = events.expect("change").data;
    let expected = json!({
        "version": 501, "from": 501,
        "changes": [{"op": "delete", "key": "k", "slot": 0}],
    });
    assert_eq!(deleted, expected);
}

impl Server {
    fn connect_set(&self, key: &str, number: u32) -> u16 {
        self.set(key, &number.to_string()).status
    }
}

#[test]
fn single_changes_of_other_processes_are_exact() {
    let name = TestName::new("srv-ev-other");
    let server = Server::start(&name, &[]);
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    let store = open(&name);
    for version in 1..=20 {
        store.set("k", version.to_string()).unwrap();
        let change = events.expect("change");
        assert_eq!(change.data["version"], version);
        assert_eq!(change.data["changes"][0]["value"], version.to_string());
        assert!(change.id.unwrap().starts_with(&format!("{version}@")));
    }
}

/// Schedule: this server and another process change the table at once, as fast
/// as they can. Allowed: changes that tell of several versions. Forbidden: a
/// version that no change tells of, or two do; a copy that differs at the end.
#[test]
fn all_versions_are_told_and_the_copy_is_right() {
    let name = TestName::new("srv-ev-mixed");
    let server = Server::start(&name, &[]);
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    let store = open(&name);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..3000_u32 {
                store.set(format!("other {}", number % 3), number.to_string()).unwrap();
            }
        });
        for number in 0..300 {
            server.connect_set("ours", number);
        }
    });

    let mut copy = std::collections::BTreeMap::new();
    let mut version = 0;
    while version < 3300 {
        let change = events.expect("change").data;
        assert_eq!(change["from"], version + 1, "{change}");
        version = change["version"].as_u64().unwrap();
        for step in change["changes"].as_array().unwrap() {
            let key = step["key"].as_str().unwrap().to_owned();
            match step["op"].as_str() {
                Some("set") => copy.insert(key, step["value"].as_str().unwrap().to_owned()),
                _ => copy.remove(&key),
            };
        }
    }
    let table = server.get("/status").json();
    assert_eq!(copy.len(), 4);
    for entry in table["entries"].as_array().unwrap() {
        assert_eq!(entry["value"], copy[entry["key"].as_str().unwrap()].as_str());
    }
}

#[test]
fn client_that_comes_back_gets_what_it_missed() {
    let name = TestName::new("srv-ev-back");
    let server = Server::start(&name, &[]);
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    server.set("a", "1");
    let last = events.expect("change").id.unwrap();
    drop(events);
    server.set("a", "2");
    server.set("a", "3");
    let mut watching = Events::open(&server, "/events", None);
    if watching.expect("snapshot").data["version"] != 3 {
        watching.find("version 3", |event| event.data["version"] == 3);
    }

    let mut events = Events::open(&server, "/events", Some(&last));
    for version in [2, 3] {
        assert_eq!(events.expect("change").data["version"], version);
    }
    let mut events = Events::open(&server, "/events", Some("2"));
    assert_eq!(events.expect("change").data["version"], 3);
    let mut events = Events::open(&server, "/events", Some("1@1"));
    assert_eq!(events.expect("snapshot").data["version"], 3, "of another object");
}

#[test]
fn event_id_of_no_event_is_422() {
    let name = TestName::new("srv-ev-id");
    let server = Server::start(&name, &[]);
    let answer = server.send_with("GET", "/events", "Last-Event-ID: x\r\n", "");
    assert_eq!(answer.status, 422);
}

/// Schedule: a client opens a stream and never reads, while changes fill all
/// buffers.
#[test]
fn client_that_reads_nothing_is_cut_off() {
    let name = TestName::new("srv-ev-slow");
    let server = Server::start(&name, &["--stall-timeout-ms", "100"]);
    let store = open(&name);
    let mut sleeper = TcpStream::connect(server.address).unwrap();
    sleeper.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut letters = ('a'..='z').cycle();
    wait_until("the sleeper is cut off", || {
        let value = letters.next().unwrap().to_string().repeat(255);
        for number in 0..10 {
            store.set(format!("{number}"), &value).unwrap();
        }
        !server.get("/metrics").body.contains("shmkv_clients_cut_off_total 0\n")
    });
    wait_until("its stream is closed", || {
        server.get("/metrics").body.contains("shmkv_event_streams 0\n")
    });
}

#[test]
fn streams_end_when_the_server_stops() {
    let name = TestName::new("srv-ev-stop");
    let server = Server::start(&name, &[]);
    let mut events = Events::open(&server, "/events", None);
    events.expect("snapshot");
    server.stop();
    assert!(events.next().is_none());
}

/// Schedule: the segment is unlinked, and then created anew by another process.
#[test]
fn segment_that_goes_and_comes_is_told_and_followed() {
    let name = TestName::new("srv-ev-gone");
    let server = Server::start(&name, &[]);
    server.set("old", "1");
    let mut events = Events::open(&server, "/events", None);
    Store::unlink(&name).unwrap();
    let gone = events.find("gone", |event| event.name == "gone");
    let detail = gone.data["detail"].as_str().unwrap();
    assert!(detail.contains("was unlinked by another process"), "{detail}");
    assert_eq!(server.get("/status").status, 503);

    let store = Store::create(&name).unwrap();
    let table = events.expect("snapshot").data;
    assert_eq!((&table["version"], &table["entries"]), (&json!(0), &json!([])));
    assert_eq!(server.set("new", "1").status, 200);
    assert_eq!(store.get("new").unwrap(), b"1");
}

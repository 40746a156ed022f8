//! `/frames`: the segment as it is, for pages.

use serde_json::json;
use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Event, Events, Server, open};

fn version(event: &Event) -> u64 {
    event.data["version"].as_u64().unwrap()
}

#[test]
fn first_frame_has_everything_and_the_next_what_is_new() {
    let name = TestName::new("srv-fr-first");
    let server = Server::start(&name, &[]);
    let mut frames = Events::open(&server, "/frames", None);
    let first = frames.find("an open store", |frame| frame.data["problem"].is_null());
    assert_eq!(version(&first), 0);

    server.set("city", "Oslo");
    let frame = frames.find("version 1", |frame| version(frame) == 1).data;
    assert_eq!((&frame["full"], &frame["entry_count"]), (&json!(false), &json!(1)));
    assert_eq!(frame["slots"].as_array().unwrap().len(), 1);
    assert_eq!(frame["slots"][0]["key"], "city");
    let memory = frame["memory"].as_array().unwrap();
    let piece = |at: u64| memory.iter().find(|piece| piece[0] == at);
    assert_eq!(piece(0).unwrap()[1], "63697479", "the key's bytes");
    assert_eq!(piece(64).unwrap()[1], "4f736c6f", "the value's bytes");
    assert_eq!(piece(3312).unwrap()[1], "0100000001", "version and entry_count");
}

/// The lock is held, and somebody waits: the version tells nothing of it.
#[test]
fn lock_and_who_waits_for_it_show() {
    let name = TestName::new("srv-fr-lock");
    let server = Server::start(&name, &["--lock-timeout-ms", "60000"]);
    let mut frames = Events::open(&server, "/frames", None);
    frames.find("a free lock", |frame| frame.data["lock"]["value"] == 1);
    let store = open(&name);
    store.table().sem.wait().unwrap();
    frames.find("a held lock", |frame| frame.data["lock"]["value"] == 0);
    std::thread::scope(|scope| {
        scope.spawn(|| server.set("k", "v"));
        let waiting =
            |frame: &Event| frame.data["lock"]["waiters"] == 1 && frame.data["lock"]["queued"] == 1;
        frames.find("a waiter", waiting);
        store.table().sem.post().unwrap();
    });
    frames.find("a free lock again", |frame| frame.data["lock"]["value"] == 1);
}

#[test]
fn processes_with_the_segment_mapped_show() {
    let name = TestName::new("srv-fr-processes");
    let server = Server::start(&name, &[]);
    let store = open(&name);
    let mut frames = Events::open(&server, "/frames", None);
    let has = |frame: &Event, pid: u32, this: bool| {
        let processes = frame.data["processes"].as_array();
        processes.is_some_and(|processes| {
            processes.iter().any(|process| process["pid"] == pid && process["this"] == this)
        })
    };
    let both =
        |frame: &Event| has(frame, server.pid(), true) && has(frame, std::process::id(), false);
    frames.find("both processes", both);
    drop(store);
    let alone = |frame: &Event| {
        frame.data["processes"].is_array() && !has(frame, std::process::id(), false)
    };
    frames.find("the server alone", alone);
}

/// Schedule: 2000 changes while the page reads nothing.
/// Allowed: fewer frames, of which the last is right.
#[test]
fn frames_in_between_are_left_out() {
    let name = TestName::new("srv-fr-fast");
    let server = Server::start(&name, &[]);
    let mut frames = Events::open(&server, "/frames", None);
    let store = open(&name);
    for number in 1..=2000_u32 {
        store.set("k", number.to_string()).unwrap();
    }
    let mut count = 0;
    loop {
        let frame = frames.expect("frame");
        count += 1;
        if version(&frame) == 2000 {
            assert_eq!(frame.data["slots"][0]["value"], "2000");
            break;
        }
    }
    assert!(count < 2000, "{count} frames");
}

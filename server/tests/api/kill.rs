//! The server killed at any moment, and started again.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmkv_tests::TestName;

use crate::support::{Client, Server};

/// Clients that set at the same time, each its own key.
const CLIENTS: usize = 4;

/// Sets that are acknowledged before the server is killed.
const SETS: usize = 200;

/// Schedule: four clients set long values without a pause; the server is killed
/// with SIGKILL when about 200 sets are acknowledged, and started again; 25 times.
/// Allowed: for each key the last acknowledged value, or the one on its way.
/// Forbidden: anything else.
#[test]
fn every_acknowledged_set_is_there_after_a_kill() {
    let name = TestName::new("srv-kill");
    let mut last = [0; CLIENTS];
    for round in 0..25 {
        let server = Server::start(&name, &[]);
        for (client, number) in last.iter().enumerate().filter(|(_, number)| **number > 0) {
            let answer = server.get(&format!("/get/client%20{client}"));
            let found = answer.json()["value"].as_str().expect("the key is there").to_owned();
            let possible = [value(*number), value(number + 1)];
            assert!(possible.contains(&found), "round {round}: {found} after {number}");
        }
        last = set_until_killed(server, last);
    }
    let text = format!("{last:?}");
    assert!(last.iter().sum::<usize>() >= 25 * SETS, "{text}");
}

fn value(number: usize) -> String {
    format!("{number:0>100}")
}

/// Kills the server while clients set; returns the last numbers acknowledged.
fn set_until_killed(server: Server, last: [usize; CLIENTS]) -> [usize; CLIENTS] {
    let acknowledged = AtomicUsize::new(0);
    let connected = last.map(|number| (server.connect(), number));
    thread::scope(|scope| {
        let mut client = 0;
        let clients = connected.map(|(connection, number)| {
            let (me, acknowledged) = (client, &acknowledged);
            client += 1;
            scope.spawn(move || set_on(connection, me, number, acknowledged))
        });
        while acknowledged.load(Relaxed) < SETS {
            thread::yield_now();
        }
        server.kill();
        clients.map(|client| client.join().unwrap())
    })
}

/// Sets higher and higher numbers until the connection breaks; returns the last
/// that was acknowledged.
fn set_on(mut client: Client, me: usize, mut number: usize, count: &AtomicUsize) -> usize {
    loop {
        let body = format!(r#"{{"key":"client {me}","value":"{}"}}"#, value(number + 1));
        match client.try_ask("POST", "/set", &body) {
            Some(200) => number += 1,
            Some(status) => panic!("status {status}"),
            None => return number,
        }
        count.fetch_add(1, Relaxed);
    }
}

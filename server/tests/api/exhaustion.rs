//! Clients that take all there is to have: connections, descriptors, places in the
//! queue. Others are answered all the same.
//!
//! Here the server cuts nobody off for being slow, so whoever is answered is not
//! because somebody's time was up.

use std::net::TcpStream;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Client, Events, Server, open, wait_until};

const PATIENT: [&str; 2] = ["--stall-timeout-ms", "3600000"];

/// Lets this process have more descriptors than its connections need.
fn allow_descriptors() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(20_000), hard).unwrap();
}

/// The health check and the page are answered, and the page's frames come.
fn newcomers_are_answered(server: &Server) {
    for _ in 0..8 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    let page = server.send_with("GET", "/", "Accept: text/html\r\n", "");
    assert!(page.body.starts_with("<!DOCTYPE html>"));
    Events::open(server, "/frames", None).expect("frame");
}

/// A page that was there before goes on receiving frames.
struct Onlooker<'a>(&'a Server, Events);

impl<'a> Onlooker<'a> {
    fn new(server: &'a Server) -> Self {
        let mut frames = Events::open(server, "/frames", None);
        frames.find("an open store", |frame| frame.data["problem"].is_null());
        Self(server, frames)
    }

    fn sees_a_change(mut self) {
        assert_eq!(self.0.set("seen", "yes").status, 200);
        self.1.find("the change", |frame| frame.data["slots"][0]["key"] == "seen");
    }
}

#[test]
fn idle_clients_that_keep_their_connections_make_room() {
    allow_descriptors();
    let name = TestName::new("srv-keep-alive");
    let server = Server::start(&name, &PATIENT);
    let onlooker = Onlooker::new(&server);
    let mut clients: Vec<Client> = (0..1030).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("GET", "/metrics", "", "");
    }
    newcomers_are_answered(&server);
    onlooker.sees_a_change();
    // The newest of them are still there.
    let newest = clients.last_mut().unwrap();
    newest.response(false);
    assert_eq!(newest.ask("GET", "/status", "", "").status, 200);
}

#[test]
fn clients_that_never_ask_make_room() {
    allow_descriptors();
    let name = TestName::new("srv-idle");
    let server = Server::start(&name, &PATIENT);
    let onlooker = Onlooker::new(&server);
    let connect = || TcpStream::connect(server.address).unwrap();
    let idle: Vec<TcpStream> = (0..1100).map(|_| connect()).collect();
    newcomers_are_answered(&server);
    onlooker.sees_a_change();
    drop(idle);
}

/// Each has sent the head of a request, and will never send its body.
#[test]
fn clients_that_never_end_their_requests_make_room() {
    allow_descriptors();
    let name = TestName::new("srv-half");
    let server = Server::start(&name, &PATIENT);
    let onlooker = Onlooker::new(&server);
    let mut clients: Vec<Client> = (0..1100).map(|_| server.connect()).collect();
    for client in &mut clients {
        // Those who were given up already do not listen.
        let head = "POST /set HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                    Content-Length: 10\r\n\r\n{";
        let _ = std::io::Write::write_all(&mut client.stream(), head.as_bytes());
    }
    newcomers_are_answered(&server);
    onlooker.sees_a_change();
}

#[test]
fn server_with_few_descriptors_answers_newcomers() {
    let name = TestName::new("srv-descriptors");
    let server = Server::start_with_descriptors(&name, 64, &PATIENT);
    let onlooker = Onlooker::new(&server);
    let idle: Vec<TcpStream> =
        (0..200).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    newcomers_are_answered(&server);
    onlooker.sees_a_change();
    drop(idle);
}

/// As many event streams as there can be, and as many pages: both are told when
/// there is no place, and leave requests theirs.
#[test]
fn streams_leave_room_for_requests() {
    allow_descriptors();
    let name = TestName::new("srv-streams");
    let server = Server::start(&name, &PATIENT);
    let mut streams = Vec::new();
    for path in ["/events", "/frames"] {
        for number in 0..=256 {
            let mut client = server.connect();
            client.send("GET", path, "", "");
            let status = client.head().status;
            assert_eq!(status, if number < 256 { 200 } else { 503 }, "{path} {number}");
            streams.push(client);
        }
    }
    let idle: Vec<TcpStream> =
        (0..1100).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for _ in 0..8 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    drop((idle, streams));
}

/// Schedule: the lock is held while more requests come than may wait for it.
/// Allowed: those beyond are turned away at once, and the health check is
/// answered.
#[test]
fn requests_that_wait_for_the_lock_leave_room_for_others() {
    allow_descriptors();
    let name = TestName::new("srv-queue");
    let server = Server::start(&name, &["--lock-timeout-ms", "3600000"]);
    let store = open(&name);
    store.table().sem.wait().unwrap();
    let mut waiting: Vec<Client> = (0..256).map(|_| server.connect()).collect();
    for client in &mut waiting {
        client.send("GET", "/status", "", "");
    }
    let full = "256 requests in the queue";
    wait_until(full, || server.get("/metrics").body.contains("shmkv_lock_queue 256\n"));
    let turned_away = server.get("/status");
    assert_eq!(turned_away.status, 503);
    assert!(turned_away.detail().contains("256 requests wait for the lock"), "{turned_away:?}");
    store.table().sem.post().unwrap();
    for client in &mut waiting {
        assert_eq!(client.response(false).status, 200);
    }
}

//! The page among others: its server gone and back, another page, programs.

use std::process::{Command, Stdio};

use shmkv::{KeyValue, Store};
use shmkv_tests::{Browser, Peer, TestName, program};

use crate::page::{Page, shows, tells};
use crate::support::{Server, wait_until};

pub fn server_restarts() {
    let Page { browser, server, name } = Page::open("restart");
    let address = server.address.to_string();
    server.set("city", "Oslo");
    shows(&browser, 0, "city", "Oslo");
    server.kill();
    tells(&browser, "banner", "The server cannot be reached");
    tells(&browser, "link-text", "Offline");
    shows(&browser, 0, "city", "Oslo");
    // What is from before looks so, and of the lock nothing is said.
    tells(&browser, "lock-state", "unknown");
    let dim = "return [...document.querySelectorAll('.gauge, .slot')]
        .every((found) => Number(getComputedStyle(found).opacity) < 0.7)";
    assert_eq!(browser.run(dim), true);

    // What is tried meanwhile is refused in words.
    browser.click("[data-slot='0'] [data-action='delete']");
    tells(&browser, "toasts", "The server cannot be reached. Nothing was changed.");

    crate::support::open(&name).set("city", "Bergen").unwrap();
    let server = Server::start_at(&name, &address, &[]);
    shows(&browser, 0, "city", "Bergen");
    tells(&browser, "link-text", "Live");
    tells(&browser, "lock-state", "free");
    assert_eq!(browser.run(dim), false);
    browser.wait_for("return !document.getElementById('banner').checkVisibility()");
    server.set("city", "Paris");
    shows(&browser, 0, "city", "Paris");
}

/// As many pages are open as there can be: that is not the same as a server that is
/// gone.
pub fn no_place() {
    let name = TestName::new("srv-page-crowd");
    let server = Server::start_with_descriptors(&name, 64, &[]);
    let mut others: Vec<_> = (0..8).map(|_| server.connect()).collect();
    for other in &mut others {
        other.send("GET", "/frames", "", "");
        assert_eq!(other.head().status, 200);
    }
    let browser = Browser::start();
    browser.open(&server.url());
    tells(&browser, "banner", "The server has no place for another page");
    drop(others);
    tells(&browser, "link-text", "Live");
    browser.wait_for("return !document.getElementById('banner').checkVisibility()");
}

pub fn segment_goes() {
    let page = Page::open("gone");
    page.server.set("city", "Oslo");
    page.shows(0, "city", "Oslo");
    Store::unlink(&page.name).unwrap();
    page.tells("banner", "was unlinked by another process");
    let store = Store::create(&page.name).unwrap();
    store.set("new", "segment").unwrap();
    page.shows(0, "new", "segment");
    page.browser.wait_for("return !document.getElementById('banner').checkVisibility()");
    page.is_content();
}

pub fn two_pages() {
    let one = Page::open("two");
    let other = Browser::start();
    other.open(&one.server.url());
    other.wait_for("return document.getElementById('link').dataset.state === 'live'");
    for (from, to, value) in [(&one.browser, &other, "first"), (&other, &one.browser, "second")] {
        from.click("#open-set");
        from.focus("#set-key");
        from.press("k");
        from.focus("#set-value");
        from.press(value);
        from.click("#set-submit");
        shows(to, 0, "k", value);
        shows(from, 0, "k", value);
    }
}

/// A program of its own, that knows the layout and nothing of us.
pub fn c_program() {
    let page = Page::open("c");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c-writer");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/writer.c");
    let compiled = Command::new("cc").args(["-o", path.to_str().unwrap(), source]).status();
    assert!(compiled.expect("there is a C compiler").success());

    let mut writer = Peer::start(path.to_str().unwrap(), &[page.name.as_str(), "c-key", "300"]);
    assert_eq!(writer.line(), "writing");
    page.tells("processes", "c-writer");
    page.tells("activity", "c-key = ");
    assert_eq!(writer.line(), "done");
    page.shows(0, "c-key", "300");
    page.reads("version", "300");
    assert!(writer.finish().success());
    page.browser
        .wait_for("return !document.getElementById('processes').textContent.includes('c-writer')");
    page.is_content();
}

/// What the book has a reader do in two terminals, with the page beside them.
pub fn producer_and_consumer() {
    let name = TestName::new("srv-page-lab");
    let start = |role: &str| {
        let mut lab = program("lab-4");
        lab.args([role, "--name", name.as_str()]).stdout(Stdio::null());
        lab.spawn().expect("lab-4 was built")
    };
    let mut producer = start("producer");
    wait_until("the producer has made its segment", || {
        Store::open(&name).is_ok_and(|store| store.version() == 8)
    });
    let server = Server::start(&name, &[]);
    let browser = Browser::start();
    browser.open(&server.url());
    shows(&browser, 0, "username", "john_doe");
    shows(&browser, 7, "role", "admin");

    let mut consumer = start("consumer");
    let count = "return [...document.querySelectorAll('#processes tr')]
        .filter((row) => row.textContent.includes('lab-4')).length";
    wait_until("both are seen", || browser.run(count) == 2);
    interrupt(consumer.id());
    assert!(consumer.wait().unwrap().success());
    wait_until("the consumer has gone", || browser.run(count) == 1);
    interrupt(producer.id());
    assert!(producer.wait().unwrap().success());
    tells(&browser, "banner", "was unlinked by another process");
}

fn interrupt(pid: u32) {
    let status = Command::new("kill").args(["-INT", &pid.to_string()]).status();
    assert!(status.expect("kill can be run").success());
}

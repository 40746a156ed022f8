//! What the page shows, while others change the store.

use serde_json::json;
use shmkv::KeyValue;

use crate::page::{DOWN, Page, slot};
use crate::support::wait_until;

pub fn changes_appear_and_flash() {
    let page = Page::open("appear");
    page.shows_empty(0);
    // A flash is over soon; that it was there is remembered.
    page.browser.run(
        "document.addEventListener('animationstart', (event) => {
             if (event.animationName === 'pulse') window.flashed = event.target.dataset.slot;
         })",
    );
    page.server.set("city", "Oslo");
    page.shows(0, "city", "Oslo");
    page.reads("entries", "1");
    page.reads("capacity", "10");
    page.reads("version", "1");
    page.tells("activity", "city = Oslo");
    page.reads("announcer", "city set to Oslo");
    page.browser.wait_for("return window.flashed === '0'");

    page.store().set("city", "Bergen").unwrap();
    page.shows(0, "city", "Bergen");
    page.store().delete("city").unwrap();
    page.shows_empty(0);
    page.tells("activity", "city deleted");
    page.is_content();
}

pub fn markup_is_text() {
    let page = Page::open("markup");
    let evil = "<img src=x onerror=\"document.title='evil'\">";
    page.server.set("<b>bold</b>", evil);
    page.shows(0, "<b>bold</b>", evil);
    // Written out by the server, too.
    page.browser.open(&page.server.url());
    page.shows(0, "<b>bold</b>", evil);
    assert_eq!(page.browser.run("return document.title"), "SHM KV Store");
    assert_eq!(page.browser.run("return document.querySelectorAll('#slots img').length"), 0);
    page.is_content();
}

pub fn bytes_in_base64() {
    let page = Page::open("base64");
    page.store().set(b"\xff", b"cut: \xc3").unwrap();
    page.shows(0, "/w==", "Y3V0OiDD");
    let badge = format!("return {}.querySelector('.badge').checkVisibility()", slot(0));
    assert_eq!(page.browser.run(&badge), true);
    // Such a key can be deleted, and the deletion undone.
    page.act(0, "delete");
    page.shows_empty(0);
    page.browser.click("#toasts .button");
    page.shows(0, "/w==", "Y3V0OiDD");
    assert_eq!(page.store().get(b"\xff").unwrap(), b"cut: \xc3");
}

pub fn bytes_of_the_segment() {
    let page = Page::open("bytes");
    let store = page.store();
    store.set("first", "1").unwrap();
    store.set("second", "a long value").unwrap();
    page.shows(1, "second", "a long value");
    page.browser.click("[data-part='1']");
    page.tells("fields", "\"second\"");
    page.tells("hex", "73 65 63 6f 6e 64 00");
    page.tells("hex", "0148");

    store.set("second", "short").unwrap();
    page.browser.wait_for("return document.querySelector('#hex mark')");
    page.tells("hex", "73 68 6f 72 74 00");
    // What the older, longer value has left is told from the value.
    let rest = "return [...document.querySelectorAll('#hex .of-rest')].length > 0";
    page.browser.wait_for(rest);
    let marks = "return document.querySelectorAll('#hex mark').length === 0";
    page.browser.wait_for(marks);

    // The last part by keys: from slot 1 nine rows down.
    page.browser.focus("[data-part='1']");
    page.browser.press(&DOWN.repeat(9));
    page.tells("fields", "entry_count");
    page.tells("fields", "value 1, waiters 0");
    let size = "return document.querySelectorAll('#map canvas').length";
    assert_eq!(page.browser.run(size), 11);
    page.is_content();
}

pub fn lock_and_waiters() {
    let page = Page::open_with("lock", &["--lock-timeout-ms", "60000"]);
    let store = page.store();
    page.reads("lock-state", "free");
    store.table().sem.wait().unwrap();
    page.reads("lock-state", "held");
    std::thread::scope(|scope| {
        scope.spawn(|| page.server.set("k", "v"));
        page.reads("lock-note", "1 request of this server waits");
        page.tells("banner-text", "The lock has been held for");
        store.table().sem.post().unwrap();
    });
    page.reads("lock-state", "free");
    page.shows(0, "k", "v");
    let hidden = "return !document.getElementById('banner').checkVisibility()";
    page.browser.wait_for(hidden);
}

pub fn versions_rise() {
    let page = Page::open("graph");
    let path = "return document.querySelector('#graph .line').getAttribute('d')";
    for number in 0..5 {
        page.store().set("k", number.to_string()).unwrap();
        page.reads("version", &(number + 1).to_string());
    }
    page.reads("graph-rise", "0 → 5");
    wait_until("five steps", || {
        let path = page.browser.run(path);
        path.as_str().is_some_and(|path| path.matches('V').count() == 5)
    });
    page.browser.wait_for("return document.getElementById('graph').ariaLabel.includes('now 5')");
}

pub fn read_only() {
    let name = shmkv_tests::TestName::new("srv-page-read-only");
    let store = shmkv::Store::create(&name).unwrap();
    store.set("k", "v").unwrap();
    let server = crate::support::Server::start(&name, &["--read-only"]);
    let browser = shmkv_tests::Browser::start();
    browser.open(&server.url());
    crate::page::shows(&browser, 0, "k", "v");
    store.set("k", "w").unwrap();
    crate::page::shows(&browser, 0, "k", "w");
    let buttons = "return document.querySelectorAll(
        '#open-set, [data-action=edit], [data-action=delete]').length";
    assert_eq!(browser.run(buttons), json!(0));
    assert_eq!(browser.console(), Vec::<String>::new());
}

//! The page when a process has died with the lock, or left the table damaged.

use std::sync::atomic::Ordering::Relaxed;

use shmkv::{KeyValue, Store};
use shmkv_tests::{Browser, TestName};

use crate::page::{Page, shows, tells};
use crate::support::{Server, holder, open};

const PATIENT: [&str; 2] = ["--lock-timeout-ms", "3600000"];

fn is_hidden(browser: &Browser, id: &str) {
    let script = format!("return !document.getElementById('{id}').checkVisibility()");
    browser.wait_for(&script);
}

/// A set says that it waits, and for whom; the death of the owner is told; a button
/// recovers; what was done is told until it is put away.
pub fn dead_owner() {
    let page = Page::open_with("dead", &PATIENT);
    page.server.set("city", "Oslo");
    page.shows(0, "city", "Oslo");
    let holder = holder(&page.name, "hold");
    let pid = holder.pid();
    page.tells("lock-state", "held");
    page.browser.click("#open-set");
    page.browser.focus("#set-key");
    page.browser.press("k");
    page.browser.click("#set-submit");
    page.tells("set-why", &format!("it is held by process {pid} (store-peer)"));
    page.tells("lock-note", "1 request of this server waits");
    holder.kill();
    page.tells("set-error", "died while it held it; recover the store");
    page.tells("banner-text", &format!("Process {pid} (store-pe) died while it held the lock."));
    page.browser.press("\u{E00C}");
    page.browser.click("#recover");
    let told = format!("process {pid} (store-pe) died while it held the lock; the store is usable");
    page.tells("notice-text", &told);
    is_hidden(&page.browser, "banner");
    page.reads("lock-state", "free");
    page.browser.click("#open-set");
    page.browser.click("#set-submit");
    page.shows(1, "k", "");

    // Another page is told of it as well; here it is put away for good.
    page.browser.click("#notice-close");
    is_hidden(&page.browser, "notice");
    page.browser.open(&page.server.url());
    page.is_live();
    is_hidden(&page.browser, "notice");
    let other = Browser::start();
    other.open(&page.server.url());
    tells(&other, "notice-text", &told);
}

/// Nobody knows whose the lock is; then another process that has the store open may
/// be its owner, and is named.
pub fn unknown_owner() {
    let page = Page::open_with("unknown", &PATIENT);
    let other = page.store();
    holder(&page.name, "hold-unmarked").kill();
    page.tells("banner-text", "it does not tell by whom");
    page.tells("banner-text", &format!("process {} (", std::process::id()));
    is_hidden(&page.browser, "recover");
    drop(other);
    page.tells("banner-text", "its owner is gone");
    page.browser.click("#recover");
    page.tells("notice-text", "the lock was held by a process that is gone");
    is_hidden(&page.browser, "banner");
}

pub fn damaged_table() {
    let name = TestName::new("srv-page-damaged");
    Store::create(&name).unwrap().set("city", "Oslo").unwrap();
    open(&name).table().entry_count.store(11, Relaxed);
    let server = Server::start(&name, &[]);
    let browser = Browser::start();
    browser.open(&server.url());
    tells(&browser, "banner-text", "The table is corrupt: entry_count is 11");
    shows(&browser, 0, "city", "Oslo");
    browser.click("[data-part='10']");
    tells(&browser, "fields", "11");
    browser.click("#recover");
    tells(&browser, "notice-text", "entry_count was 11 and is 1");
    is_hidden(&browser, "banner");
    server.set("city", "Bergen");
    shows(&browser, 0, "city", "Bergen");
}

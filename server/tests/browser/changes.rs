//! What a person does on the page.

use shmkv::KeyValue;

use crate::page::{ENTER, ESCAPE, Page, TAB, slot};

/// Opens the dialog, and types into its fields.
fn fill_dialog(page: &Page, key: &str, value: &str) {
    page.browser.click("#open-set");
    page.browser.focus("#set-key");
    page.browser.press(key);
    page.browser.focus("#set-value");
    page.browser.press(value);
}

fn dialog_is_open(page: &Page) -> bool {
    page.browser.run("return document.getElementById('set-dialog').open") == true
}

pub fn set_by_the_dialog() {
    let page = Page::open("dialog");
    fill_dialog(&page, "city", "Zürich");
    page.browser.wait_for("return document.querySelector('#set-dialog .counter')");
    assert_eq!(page.browser.text("[for='set-key'].counter"), "4 / 63 bytes");
    assert_eq!(
        page.browser.text("[for='set-value'].counter"),
        "7 / 255 bytes",
        "bytes, not letters"
    );
    page.browser.click("#set-submit");
    page.shows(0, "city", "Zürich");
    page.tells("toasts", "Set “city”.");
    assert!(!dialog_is_open(&page));
    assert_eq!(page.value("city"), "Zürich");

    // The next time it is empty, and says what it wants; Escape leaves it.
    page.browser.click("#open-set");
    page.reads("set-why", "A key is needed: 1 to 63 bytes.");
    page.browser.press("other");
    page.reads("set-why", "");
    page.browser.press(ESCAPE);
    page.browser.wait_for("return !document.getElementById('set-dialog').open");
    page.is_content();
}

pub fn set_by_keys_alone() {
    let page = Page::open("keys");
    // The first stop is the way past the buttons to the slots.
    page.browser.press(TAB);
    assert_eq!(page.browser.run("return document.activeElement.textContent"), "Skip to the slots");
    let on_button = "return document.activeElement.id === 'open-set'";
    while page.browser.run(on_button) != true {
        page.browser.press(TAB);
    }
    page.browser.press(ENTER);
    page.browser.wait_for("return document.activeElement.id === 'set-key'");
    page.browser.press("city");
    page.browser.press(TAB);
    page.browser.press("Oslo");
    let on_submit = "return document.activeElement.id === 'set-submit'";
    while page.browser.run(on_submit) != true {
        page.browser.press(TAB);
    }
    page.browser.press(ENTER);
    page.shows(0, "city", "Oslo");
    // The focus is back where it came from.
    page.browser.wait_for(on_button);
    page.browser.press("/");
    page.browser.wait_for("return document.activeElement.id === 'search-key'");
}

pub fn too_long() {
    let page = Page::open("long");
    fill_dialog(&page, &"k".repeat(64), &"é".repeat(128));
    assert_eq!(page.browser.text("[for='set-key'].counter"), "64 / 63 bytes");
    assert_eq!(page.browser.text("[for='set-value'].counter"), "256 / 255 bytes");
    let disabled = "return document.getElementById('set-submit').disabled";
    assert_eq!(page.browser.run(disabled), true);
    page.reads("set-why", "The key is 1 byte too long. The value is 1 byte too long.");
    page.browser.press("\u{E003}"); // backspace
    page.browser.focus("#set-key");
    page.browser.press("\u{E003}");
    assert_eq!(page.browser.text("[for='set-key'].counter"), "63 / 63 bytes");
    assert_eq!(page.browser.run(disabled), false);
    page.reads("set-why", "");
    page.browser.click("#set-submit");
    page.shows(0, &"k".repeat(63), &"é".repeat(127));
}

pub fn full_table() {
    let page = Page::open("full");
    for number in 0..10 {
        page.server.set(&format!("key {number}"), "v");
    }
    page.reads("entries", "10");
    page.reads("capacity", "100");
    fill_dialog(&page, "one more", "v");
    page.browser.click("#set-submit");
    page.tells("set-error", "The table is full: all 10 slots are taken. Delete a key first.");
    assert!(dialog_is_open(&page), "what was typed is not lost");
    page.store().delete("key 4").unwrap();
    page.browser.click("#set-submit");
    page.shows(4, "one more", "v");
}

pub fn edit_in_place() {
    let page = Page::open("edit");
    page.server.set("city", "Oslo");
    page.shows(0, "city", "Oslo");
    page.act(0, "edit");
    page.browser.wait_for("return document.activeElement.id === 'edit-0'");
    // The old value is selected; what is typed replaces it.
    page.browser.press("Bergen");
    page.server.set("other", "v");
    page.shows(1, "other", "v");
    page.browser.press(ENTER);
    page.shows(0, "city", "Bergen");
    assert_eq!(page.value("city"), "Bergen");
    let focused = "return document.activeElement.dataset.action";
    assert_eq!(page.browser.run(focused), "edit");

    page.act(0, "edit");
    page.browser.press("nothing");
    page.browser.press(ESCAPE);
    let editing = format!("return {}.classList.contains('editing')", slot(0));
    assert_eq!(page.browser.run(&editing), false);
    assert_eq!(page.value("city"), "Bergen");
    page.is_content();
}

/// What is too long is told while it is typed, and the neighbours stay as they are.
pub fn edit_too_long() {
    let page = Page::open("edit-long");
    for number in 0..4 {
        page.server.set(&format!("key {number}"), "v");
    }
    page.shows(3, "key 3", "v");
    let heights = "return [...document.querySelectorAll('.slot')].slice(1)
        .map((slot) => slot.getBoundingClientRect().height).join()";
    let before = page.browser.run(heights);
    page.act(0, "edit");
    page.browser.press(&"é".repeat(130));
    let said = format!("return {}.querySelector('.edit .why').textContent", slot(0));
    page.browser.wait_for(&said);
    assert_eq!(page.browser.run(&said), "The value is 5 bytes too long.");
    assert_eq!(page.browser.text("[for='edit-0'].counter"), "260 / 255 bytes");
    let disabled = format!("return {}.querySelector('.edit [type=submit]').disabled", slot(0));
    assert_eq!(page.browser.run(&disabled), true);
    assert_eq!(page.browser.run(heights), before);
    page.browser.press(&"\u{E003}".repeat(3));
    page.browser.press(ENTER);
    page.shows(0, "key 0", &"é".repeat(127));
}

pub fn edit_conflict() {
    let page = Page::open("conflict");
    page.server.set("city", "Oslo");
    page.shows(0, "city", "Oslo");
    page.act(0, "edit");
    page.browser.press("Bergen");
    page.store().set("city", "Paris").unwrap();
    let complaint = format!("return {}.querySelector('.edit .error').textContent", slot(0));
    let said = page.browser.wait_for(&complaint);
    assert!(said.as_str().unwrap().contains("it is now “Paris”"), "{said}");
    assert_eq!(page.value("city"), "Paris", "nothing was overwritten");
    page.browser.press(ENTER);
    page.shows(0, "city", "Bergen");
}

pub fn delete_and_undo() {
    let page = Page::open("delete");
    for key in ["..", "a/b", "city"] {
        page.server.set(key, "v");
    }
    page.shows(2, "city", "v");
    for index in [2, 1, 0] {
        page.act(index, "delete");
        page.shows_empty(index);
    }
    page.tells("toasts", "Deleted “..”.");
    page.browser.click("#toasts .button");
    page.shows(0, "..", "v");
    assert_eq!(page.server.get("/status").json()["entry_count"], 1);
    page.is_content();
}

pub fn search_and_copy() {
    let page = Page::open("search");
    for (key, value) in [("city", "Oslo"), ("citizen", "yes"), ("age", "25")] {
        page.server.set(key, value);
    }
    page.shows(2, "age", "25");
    page.browser.allow_clipboard(&page.server.url());
    let copied = "return navigator.clipboard.readText()";
    page.act(2, "copy");
    page.tells("toasts", "Copied the value of “age”.");
    assert_eq!(page.browser.run(copied), "25");

    page.browser.focus("#search-key");
    page.browser.press("ci");
    page.tells("no-match", "2 keys begin with “ci”.");
    let shown = "return [...document.querySelectorAll('.slot')]
        .filter((slot) => slot.checkVisibility()).map((slot) => slot.dataset.slot).join()";
    assert_eq!(page.browser.run(shown), "0,1");
    page.browser.press("ty");
    page.tells("no-match", "1 key begins with “city”.");
    page.browser.press(ENTER);
    page.tells("found", "“city”:");
    assert_eq!(page.browser.text("#found-value"), "Oslo");
    page.browser.click("#found-copy");
    page.tells("toasts", "Copied the value.");
    assert_eq!(page.browser.run(copied), "Oslo");

    page.browser.focus("#search-key");
    page.browser.press(&format!("x{ENTER}"));
    page.tells("found", "Key “cityx” was not found.");
    // That is said once; what begins so, where anything does, is another thing.
    let hidden = "return !document.getElementById('no-match').checkVisibility()";
    assert_eq!(page.browser.run(hidden), true);
    page.server.set("new", "frame");
    page.shows(3, "new", "frame");
    assert_eq!(page.browser.run(hidden), true);
    page.browser.press("\u{E003}\u{E003}");
    page.tells("no-match", "2 keys begin with “cit”.");
    page.browser.press(ENTER);
    page.tells("found", "Key “cit” was not found.");
    page.tells("no-match", "2 keys begin with “cit”.");
    // The complaints are the browser's own, about status 404.
    assert!(page.browser.console().iter().all(|line| line.contains("404")));
}

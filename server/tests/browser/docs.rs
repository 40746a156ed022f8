//! The API's description: tried out, and read.

use crate::page::Page;

pub fn tried_and_read() {
    let page = Page::open("docs");
    page.server.set("city", "Oslo");
    for layout in ["docs", "redoc"] {
        page.browser.open(&format!("{}/{layout}", page.server.url()));
        page.browser.wait_for("return !document.getElementById('api').ariaBusy");
        assert_eq!(page.browser.run("return document.querySelectorAll('.operation').length"), 14);
    }

    page.browser.open(&format!("{}/docs#get", page.server.url()));
    page.browser.wait_for("return document.getElementById('get')?.open");
    page.browser.click("#get input[name=key]");
    page.browser.press("city");
    // The same for a shell is there before anything is sent, and follows what is typed.
    let curl = page.browser.text("#get .curl");
    assert_eq!(curl, format!("curl -i '{}/get/city'", page.server.url()));
    page.browser.click("#get .try .primary");
    page.browser.wait_for("return document.querySelector('#get .status')?.dataset.ok");
    assert!(page.browser.text("#get .status").starts_with("200"));
    assert!(page.browser.text("#get .body").contains("\"value\": \"Oslo\""));

    // Errors have their fields, and limits their unit.
    page.browser.open(&format!("{}/docs#set", page.server.url()));
    page.browser.wait_for("return document.getElementById('set')?.open");
    page.browser
        .run("document.querySelectorAll('#set details').forEach((found) => found.open = true)");
    let text = page.browser.text("#set");
    assert!(text.contains("1 to 63 bytes") && !text.contains("characters"), "{text}");
    let faults = "return [...document.querySelectorAll('#set .response')]
        .find((found) => found.textContent.startsWith('422'))?.innerText";
    let faults = page.browser.run(faults);
    let faults = faults.as_str().unwrap();
    assert!(["detail", "loc", "msg", "type"].iter().all(|name| faults.contains(name)), "{faults}");

    // A stream is shown while it comes, until it is stopped.
    page.browser.open(&format!("{}/docs#events", page.server.url()));
    page.browser.wait_for("return document.getElementById('events')?.open");
    page.browser.click("#events .try .primary");
    page.browser.wait_for(
        "return document.querySelector('#events .body')?.textContent.includes('snapshot')",
    );
    page.server.set("city", "Bergen");
    page.browser
        .wait_for("return document.querySelector('#events .body').textContent.includes('Bergen')");
    page.browser.click("#events .try .button:not(.primary)");
    page.browser.wait_for(
        "return document.querySelector('#events .status').textContent.includes('Stopped')",
    );
    page.is_content();
}

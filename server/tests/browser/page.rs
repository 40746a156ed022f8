//! A page in a browser, on a server of its own.

use serde_json::{Value, json};
use shmkv::Store;
use shmkv_tests::{Browser, TestName};

use crate::support::{Server, open};

pub const ENTER: &str = "\u{E007}";
pub const ESCAPE: &str = "\u{E00C}";
pub const TAB: &str = "\u{E004}";
pub const DOWN: &str = "\u{E015}";

/// The page, its server, and the segment.
pub struct Page {
    pub browser: Browser,
    pub server: Server,
    pub name: TestName,
}

impl Page {
    /// A page that is live, on an empty store.
    pub fn open(subject: &str) -> Self {
        Self::open_with(subject, &[])
    }

    /// The same, on a server with these options.
    pub fn open_with(subject: &str, options: &[&str]) -> Self {
        let name = TestName::new(&format!("srv-page-{subject}"));
        let server = Server::start(&name, options);
        let browser = Browser::start();
        browser.open(&server.url());
        let page = Self { browser, server, name };
        page.is_live();
        page
    }

    /// Waits until the page is told of changes.
    pub fn is_live(&self) {
        self.browser.wait_for("return document.getElementById('link').dataset.state === 'live'");
    }

    /// The store, opened in this process.
    pub fn store(&self) -> Store {
        open(&self.name)
    }

    /// What the API says of a key.
    pub fn value(&self, key: &str) -> Value {
        self.server.get(&format!("/get/{key}")).json()["value"].clone()
    }

    /// Waits until slot `index` shows this pair.
    pub fn shows(&self, index: usize, key: &str, value: &str) {
        shows(&self.browser, index, key, value);
    }

    /// Waits until slot `index` shows that it is free.
    pub fn shows_empty(&self, index: usize) {
        let state = format!("{}.dataset.state === 'empty'", slot(index));
        self.browser.wait_for(&format!("return {state}"));
    }

    /// Waits until the element `id` holds exactly this text.
    pub fn reads(&self, id: &str, text: &str) {
        let script = "return document.getElementById(ID).textContent === TEXT";
        self.browser.wait_for(&filled(script, &[("ID", id), ("TEXT", text)]));
    }

    /// Waits until the element `id` is shown, with this in its text.
    pub fn tells(&self, id: &str, text: &str) {
        tells(&self.browser, id, text);
    }

    /// Clicks on a button of slot `index`.
    pub fn act(&self, index: usize, action: &str) {
        self.browser.click(&format!("[data-slot='{index}'] [data-action='{action}']"));
    }

    /// Nothing was complained about in the console.
    pub fn is_content(&self) {
        assert_eq!(self.browser.console(), Vec::<String>::new());
    }
}

/// As [`Page::tells`], in any browser.
pub fn tells(browser: &Browser, id: &str, text: &str) {
    let script = "const found = document.getElementById(ID);
                  return found.checkVisibility() && found.textContent.includes(TEXT)";
    browser.wait_for(&filled(script, &[("ID", id), ("TEXT", text)]));
}

/// As [`Page::shows`], in any browser.
pub fn shows(browser: &Browser, index: usize, key: &str, value: &str) {
    let script = format!(
        "const slot = {};
         return slot.dataset.state === 'used' && slot.querySelector('.key').textContent === KEY
             && slot.querySelector('.value').textContent === VALUE",
        slot(index)
    );
    browser.wait_for(&filled(&script, &[("KEY", key), ("VALUE", value)]));
}

/// The element of slot `index`, in the script's language.
pub fn slot(index: usize) -> String {
    format!("document.querySelector('[data-slot=\"{index}\"]')")
}

/// A script with texts in the places of names.
pub fn filled(script: &str, texts: &[(&str, &str)]) -> String {
    texts.iter().fold(script.to_owned(), |script, (name, text)| {
        script.replace(name, &json!(text).to_string())
    })
}

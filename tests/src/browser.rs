//! A browser without a window, driven as a user would: clicks, keys, looks.
//!
//! Idea: chromedriver speaks WebDriver, which is JSON over HTTP, so a test needs
//! no more than a few requests.
//! Source: W3C WebDriver; chromedriver's own commands for the console's log and
//! for the DevTools protocol.
//! Limits: Chromium only; requests are bounded by 60 s.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};
use serde_json::{Value, json};
use ureq::Agent;

/// How long a request may take, and how long [`Browser::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key Shift, in WebDriver's private characters.
const SHIFT: char = '\u{E008}';

/// What an element is called in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser, ended when this is dropped.
pub struct Browser {
    driver: Child,
    agent: Agent,
    session: String,
}

impl Browser {
    /// Why there can be no browser here; `None` where there can.
    pub fn missing() -> Option<String> {
        let version = Command::new("chromedriver").arg("--version").output();
        let runs = version.is_ok_and(|output| output.status.success());
        (!runs).then(|| "chromedriver is not installed (Debian: chromium-driver)".to_owned())
    }

    /// Starts one.
    ///
    /// # Panics
    /// When it does not start; see [`Browser::missing`].
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("chromedriver starts");
        let port = port_of(&mut driver);
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // Failures come with a reason in their body.
            .http_status_as_error(false)
            .build();
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { driver, agent: config.into(), session };
        let opened = browser.post("", &capabilities());
        let id = opened["sessionId"].as_str().expect("a session has an id");
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    /// Opens a page, and waits until it is loaded.
    pub fn open(&self, address: &str) {
        self.post("/url", &json!({ "url": address }));
    }

    /// Runs a script in the page; what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script until it returns what counts as true in its language.
    ///
    /// # Panics
    /// When it has not done so within a minute.
    pub fn wait_for(&self, script: &str) -> Value {
        let start = Instant::now();
        loop {
            let value = self.run(script);
            if ![json!(null), json!(false), json!(0), json!("")].contains(&value) {
                return value;
            }
            assert!(start.elapsed() < PATIENCE, "never came true: {script}");
            sleep(Duration::from_millis(20));
        }
    }

    /// The text of the first element that `selector` finds.
    pub fn text(&self, selector: &str) -> String {
        let element = self.find(selector);
        let text = self.get(&format!("/element/{element}/text"));
        text.as_str().expect("a text").to_owned()
    }

    /// Clicks the first element that `selector` finds.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Gives the focus to the first element that `selector` finds.
    pub fn focus(&self, selector: &str) {
        self.run(&format!("document.querySelector({}).focus()", json!(selector)));
    }

    /// Presses keys, one after the other; WebDriver's private characters stand for
    /// those without a character, such as `\u{E007}` for Enter.
    pub fn press(&self, keys: &str) {
        self.strike(keys.chars().flat_map(|key| [("keyDown", key), ("keyUp", key)]));
    }

    /// As [`press`](Self::press), with Shift held down.
    pub fn press_with_shift(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| [("keyDown", key), ("keyUp", key)]);
        let (down, up) = (("keyDown", SHIFT), ("keyUp", SHIFT));
        self.strike([down].into_iter().chain(strokes).chain([up]));
    }

    /// Makes the window so many pixels wide and high, as a phone would be.
    pub fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// Emulates a medium, `screen` or `print`, and a scheme, `light` or `dark`.
    pub fn emulate(&self, medium: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "media": medium, "features": features });
        self.devtools("Emulation.setEmulatedMedia", media);
    }

    /// Lets the pages of `origin` read and write the clipboard.
    pub fn allow_clipboard(&self, origin: &str) {
        let permissions = json!(["clipboardReadWrite", "clipboardSanitizedWrite"]);
        let granted = json!({ "permissions": permissions, "origin": origin });
        self.devtools("Browser.grantPermissions", granted);
    }

    /// What the console has logged since it was last asked, warnings and errors.
    pub fn console(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().into_iter().flatten();
        let bad = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| entry["message"].to_string()).collect()
    }

    /// A command of the DevTools protocol.
    fn devtools(&self, command: &str, parameters: Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    fn strike(&self, strokes: impl Iterator<Item = (&'static str, char)>) {
        let strokes: Vec<Value> =
            strokes.map(|(kind, key)| json!({ "type": kind, "value": key.to_string() })).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().expect("an element has a name").to_owned()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let address = format!("{}{path}", self.session);
        let sent = self
            .agent
            .post(&address)
            .header("content-type", "application/json")
            .send(body.to_string());
        value_of(path, sent)
    }

    fn get(&self, path: &str) -> Value {
        value_of(path, self.agent.get(format!("{}{path}", self.session)).call())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser and removes its profile; where that fails, the test
        // has failed already, and what is left is killed.
        let _ = self.agent.delete(&self.session).call();
        let group = Pid::from_raw(self.driver.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.driver.wait();
    }
}

/// The port on which the driver says that it listens.
fn port_of(driver: &mut Child) -> u16 {
    let output = BufReader::new(driver.stdout.take().expect("its output is a pipe"));
    let mut lines = output.lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("started successfully on port "));
    let line = line.expect("chromedriver says on which port it listens");
    let port = line.rsplit(' ').next().and_then(|port| port.trim_end_matches('.').parse().ok());
    port.unwrap_or_else(|| panic!("no port in {line:?}"))
}

/// A session without a window, and without talk to the network.
fn capabilities() -> Value {
    let mut arguments = vec![
        "--headless",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--hide-scrollbars",
        "--window-size=1200,900",
    ];
    if Uid::effective().is_root() {
        arguments.push("--no-sandbox");
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    }}})
}

/// The value of a response, or a panic with WebDriver's reason.
fn value_of(path: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let mut response = sent.unwrap_or_else(|error| panic!("{path}: {error}"));
    let body = response.body_mut().read_to_string();
    let body = body.unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut answer: Value = serde_json::from_str(&body).expect("answers are JSON");
    let value = answer["value"].take();
    assert!(response.status().is_success(), "{path}: {}", value["message"]);
    value
}

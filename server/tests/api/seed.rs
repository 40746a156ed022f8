//! The requests that the first system of this kind answered, with the statuses
//! and bodies that its clients know.

use serde_json::json;
use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Server, open};

#[test]
fn root_names_the_endpoints() {
    let name = TestName::new("srv-root");
    let index = Server::start(&name, &[]).get("/").json();
    assert!(index["name"].is_string() && index["version"].is_string(), "{index}");
    for endpoint in ["GET /get/{key}", "POST /set", "GET /status"] {
        assert!(index["endpoints"][endpoint].is_string(), "{endpoint}: {index}");
    }
}

#[test]
fn set_then_get_returns_the_pair() {
    let name = TestName::new("srv-pair");
    let server = Server::start(&name, &[]);
    let set = server.set("mykey", "myvalue");
    assert_eq!(set.status, 200);
    let done = r#"{"success":true,"message":"Key 'mykey' set successfully"}"#;
    assert_eq!(set.body, done);
    let get = server.get("/get/mykey");
    assert_eq!((get.status, get.body.as_str()), (200, r#"{"key":"mykey","value":"myvalue"}"#));
    assert_eq!(get.header("content-type"), Some("application/json"));
}

#[test]
fn get_of_a_missing_key_is_404() {
    let name = TestName::new("srv-missing");
    let server = Server::start(&name, &[]);
    let long = "k".repeat(64);
    for key in ["nothing", "%00", &long] {
        let get = server.get(&format!("/get/{key}"));
        assert_eq!((get.status, get.body.as_str()), (404, r#"{"detail":"Key not found"}"#));
    }
}

#[test]
fn status_is_the_whole_table() {
    let name = TestName::new("srv-status");
    let server = Server::start(&name, &[]);
    assert_eq!(
        server.get("/status").body,
        r#"{"version":0,"entry_count":0,"max_entries":10,"entries":[]}"#
    );
    server.set("a", "1");
    server.set("b", "2");
    server.set("a", "3");
    let timestamps: Vec<_> =
        open(&name).entries().unwrap().entries.iter().map(|entry| entry.timestamp).collect();
    let expected = json!({
        "version": 3, "entry_count": 2, "max_entries": 10,
        "entries": [
            {"key": "a", "value": "3", "timestamp": timestamps[0]},
            {"key": "b", "value": "2", "timestamp": timestamps[1]},
        ],
    });
    assert_eq!(server.get("/status").json(), expected);
}

#[test]
fn set_of_what_is_too_long_is_413() {
    let name = TestName::new("srv-long");
    let server = Server::start(&name, &[]);
    let key = server.set(&"k".repeat(64), "v");
    assert_eq!(key.status, 413);
    assert_eq!(key.detail(), "Key too long (max 63 bytes)");
    let value = server.set("k", &"é".repeat(128));
    assert_eq!(value.status, 413);
    assert_eq!(value.detail(), "Value too long (max 255 bytes)");
    assert_eq!(server.set(&"k".repeat(63), &"v".repeat(255)).status, 200);
}

#[test]
fn set_into_a_full_table_is_507() {
    let name = TestName::new("srv-full");
    let server = Server::start(&name, &[]);
    for number in 0..10 {
        assert_eq!(server.set(&format!("key {number}"), "v").status, 200);
    }
    let full = server.set("one more", "v");
    assert_eq!(full.status, 507);
    assert_eq!(full.detail(), "the table is full: all 10 slots are taken");
    assert_eq!(server.set("key 3", "new").status, 200);
}

#[test]
fn set_with_a_body_of_another_form_is_422() {
    let name = TestName::new("srv-form");
    let server = Server::start(&name, &[]);
    for body in [
        "{",
        "[]",
        "null",
        "{}",
        r#"{"key":"k"}"#,
        r#"{"value":"v"}"#,
        r#"{"key":1,"value":"v"}"#,
        r#"{"key":"k","value":null}"#,
        r#"{"key":"","value":"v"}"#,
        r#"{"key":"a\u0000b","value":"v"}"#,
        r#"{"key":"k","value":"a\u0000b"}"#,
        r#"{"key":"k","value":"v","value_base64":true}"#,
        r#"{"key":"k","value":"\ud800"}"#,
    ] {
        let answer = server.send("POST", "/set", body);
        assert_eq!(answer.status, 422, "{body}");
        assert!(!answer.faults().is_empty());
    }
    assert_eq!(open(&name).version(), 0);
}

#[test]
fn keys_and_values_are_any_text() {
    let name = TestName::new("srv-text");
    let server = Server::start(&name, &[]);
    for (key, path) in [
        ("with space", "with%20space"),
        ("a/b", "a%2Fb"),
        ("50%", "50%25"),
        ("Schlüssel", "Schl%C3%BCssel"),
        ("🗝", "%F0%9F%97%9D"),
        ("a?b#c", "a%3Fb%23c"),
        ("plus+", "plus+"),
    ] {
        assert_eq!(server.set(key, "\"quoted\"\n\t\\ 'ünï' 🚀").status, 200, "{key}");
        let get = server.get(&format!("/get/{path}")).json();
        assert_eq!(get, json!({"key": key, "value": "\"quoted\"\n\t\\ 'ünï' 🚀"}));
    }
}

#[test]
fn value_of_no_text_comes_in_base64_with_a_flag() {
    let name = TestName::new("srv-bytes");
    let server = Server::start(&name, &[]);
    let store = open(&name);
    store.set("good", "text").unwrap();
    store.set(b"\xff", b"cut: \xc3").unwrap();
    let get = server.get("/get/%FF").json();
    let expected =
        json!({"key": "/w==", "key_base64": true, "value": "Y3V0OiDD", "value_base64": true});
    assert_eq!(get, expected);
    let entries = &server.get("/status").json()["entries"];
    assert_eq!(entries[0]["value"], "text");
    assert_eq!(entries[1]["value"], "Y3V0OiDD");
    assert_eq!(entries[1]["value_base64"], true);

    let back = r#"{"key":"/w==","key_base64":true,"value":"/w==","value_base64":true}"#;
    assert_eq!(server.send("POST", "/set", back).status, 200);
    assert_eq!(store.get(b"\xff").unwrap(), b"\xff");
}

#[test]
fn unknown_paths_and_methods_are_told_in_json() {
    let name = TestName::new("srv-unknown");
    let server = Server::start(&name, &[]);
    for path in ["/nothing", "/get", "/get/", "/get/a/b"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.detail().as_str()), (404, "Not Found"), "{path}");
    }
    let answer = server.send("DELETE", "/status", "");
    assert_eq!((answer.status, answer.detail().as_str()), (405, "Method Not Allowed"));
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
}

//! What clients rely on that were written for FastAPI: how it tells what is wrong
//! with a request, and where it finds a path with a slash too many.

use serde_json::{Value, json};
use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Server, open};

const JSON: &str = "Content-Type: application/json\r\n";
const PAIR: &str = r#"{"key":"k","value":"v"}"#;
const NO_OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

fn fault(kind: &str, place: Value, message: &str) -> (String, Value, String) {
    (kind.into(), place, message.into())
}

#[test]
fn faults_of_a_body_are_told_as_fastapi_tells_them() {
    let name = TestName::new("srv-faults");
    let server = Server::start(&name, &[]);
    let (key, value) = (json!(["body", "key"]), json!(["body", "value"]));
    let text = "Input should be a valid string";
    for (body, faults) in [
        ("[]", vec![fault("model_attributes_type", json!(["body"]), NO_OBJECT)]),
        ("[1]", vec![fault("model_attributes_type", json!(["body"]), NO_OBJECT)]),
        (
            "[\"k\",false,\"v\",false]",
            vec![fault("model_attributes_type", json!(["body"]), NO_OBJECT)],
        ),
        ("null", vec![fault("model_attributes_type", json!(["body"]), NO_OBJECT)]),
        (
            "{}",
            vec![
                fault("missing", key.clone(), "Field required"),
                fault("missing", value.clone(), "Field required"),
            ],
        ),
        (
            r#"{"key":1,"value":null}"#,
            vec![
                fault("string_type", key.clone(), text),
                fault("string_type", value.clone(), text),
            ],
        ),
        (
            r#"{"key":"k","value":"dg==","value_base64":"yes"}"#,
            vec![fault(
                "bool_type",
                json!(["body", "value_base64"]),
                "Input should be a valid boolean",
            )],
        ),
    ] {
        let answer = server.send("POST", "/set", body);
        assert_eq!((answer.status, answer.faults()), (422, faults), "{body}");
    }
    let broken = server.send("POST", "/set", "{\n \"key\": x}");
    let faults = broken.faults();
    assert_eq!((&*faults[0].0, &faults[0].1), ("json_invalid", &json!(["body", 10])), "{faults:?}");
    let none = server.send_with("POST", "/set", JSON, "");
    assert_eq!(none.faults(), [fault("missing", json!(["body"]), "Field required")]);
    assert_eq!(open(&name).version(), 0);
}

/// Each place that a fault can be in.
#[test]
fn faults_are_told_with_their_place() {
    let name = TestName::new("srv-places");
    let server = Server::start(&name, &[]);
    let put = |path: &str, headers: &str, body: &str| {
        server.send_with("PUT", path, &format!("{JSON}{headers}"), body)
    };
    for (answer, place) in [
        (server.set("", "v"), json!(["body", "key"])),
        (server.set("a\0b", "v"), json!(["body", "key"])),
        (server.set("k", "a\0b"), json!(["body", "value"])),
        (
            server.send("POST", "/set", r#"{"key":"!","key_base64":true,"value":""}"#),
            json!(["body", "key"]),
        ),
        (put("/keys/k", "", r#"{"value":"!","value_base64":true}"#), json!(["body", "value"])),
        (put("/keys/a%00b", "", r#"{"value":"v"}"#), json!(["path", "key"])),
        (put("/keys/k", "If-Match: x\r\n", r#"{"value":"v"}"#), json!(["header", "if-match"])),
        (
            put("/keys/k", "If-None-Match: \"1\"\r\n", r#"{"value":"v"}"#),
            json!(["header", "if-none-match"]),
        ),
        (server.get("/keys?limit=0"), json!(["query", "limit"])),
        (server.get("/keys?prefix=a&prefix=b"), json!(["query", "prefix"])),
        (server.send("DELETE", "/keys", ""), json!(["query", "key"])),
        (
            server.send_with("GET", "/events", "Last-Event-ID: x\r\n", ""),
            json!(["header", "last-event-id"]),
        ),
    ] {
        assert_eq!(answer.status, 422, "{answer:?}");
        let faults = answer.faults();
        assert_eq!((faults.len(), &faults[0].1), (1, &place), "{faults:?}");
        assert!(!faults[0].2.is_empty());
    }
    assert_eq!(open(&name).version(), 0);
}

/// A page elsewhere can send a body without a type, or as text; it cannot send one
/// as JSON without asking first.
#[test]
fn body_that_is_not_said_to_be_json_is_refused() {
    let name = TestName::new("srv-untyped");
    let server = Server::start(&name, &[]);
    for headers in
        ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"]
    {
        let answer = server.send_with("POST", "/set", headers, PAIR);
        assert_eq!(answer.status, 422, "{headers}");
        let (kind, place, message) = &answer.faults()[0];
        assert_eq!((&**kind, place), ("model_attributes_type", &json!(["body"])));
        assert!(message.contains("send it with Content-Type: application/json"), "{message}");
    }
    assert_eq!(open(&name).version(), 0);
    for headers in [
        JSON,
        "Content-Type: Application/JSON; charset=utf-8\r\n",
        "Content-Type: application/x+json\r\n",
    ] {
        assert_eq!(server.send_with("POST", "/set", headers, PAIR).status, 200, "{headers}");
    }
}

#[test]
fn path_with_a_slash_too_many_leads_to_the_one_without() {
    let name = TestName::new("srv-slash");
    let server = Server::start(&name, &[]);
    for (method, path, target) in [
        ("GET", "/status/", "/status"),
        ("GET", "/status//", "/status"),
        ("GET", "/keys/?limit=1", "/keys?limit=1"),
        ("POST", "/set/", "/set"),
        ("GET", "/get/a%2Fb/", "/get/a%2Fb"),
        ("PUT", "/keys/k/", "/keys/k"),
        ("GET", "/docs/", "/docs"),
    ] {
        let answer = server.send_with(method, path, JSON, "");
        assert_eq!((answer.status, answer.header("location")), (307, Some(target)), "{path}");
    }
    for path in ["/nothing/", "/get/", "/get/a/b/", "//evil.example/", "//status/", "/assets/"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

//! `/keys`: listing, versions as tags, and changes on a condition.

use serde_json::json;
use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Response, Server, open};

fn put(server: &Server, key: &str, value: &str, headers: &str) -> Response {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    let body = json!({ "value": value }).to_string();
    server.send_with("PUT", &format!("/keys/{key}"), &headers, &body)
}

fn keys(page: &serde_json::Value) -> Vec<&str> {
    let keys = page["keys"].as_array().unwrap();
    keys.iter().map(|key| key["key"].as_str().unwrap()).collect()
}

#[test]
fn put_creates_and_then_replaces() {
    let name = TestName::new("srv-put");
    let server = Server::start(&name, &[]);
    let created = put(&server, "city", "Oslo", "");
    assert_eq!((created.status, created.header("etag")), (201, Some("\"1\"")));
    assert_eq!(created.header("location"), Some("/keys/city"));
    let replaced = put(&server, "city", "Bergen", "");
    assert_eq!((replaced.status, replaced.header("etag")), (200, Some("\"2\"")));
    assert_eq!(server.get("/keys/city").json(), json!({"key": "city", "value": "Bergen"}));
}

#[test]
fn put_with_an_old_version_is_412_and_changes_nothing() {
    let name = TestName::new("srv-cas");
    let server = Server::start(&name, &[]);
    server.set("city", "Oslo");
    let tag = server.get("/get/city").header("etag").unwrap().to_owned();
    server.set("city", "Bergen");

    let late = put(&server, "city", "Paris", &format!("If-Match: {tag}\r\n"));
    assert_eq!(late.status, 412);
    assert_eq!(
        late.detail(),
        "version 1 was expected, and the table is at 2: another change came first"
    );
    let current = put(&server, "city", "Paris", "If-Match: \"2\"\r\n");
    assert_eq!(current.status, 200);
    assert_eq!(open(&name).get("city").unwrap(), b"Paris");
}

#[test]
fn put_for_new_or_known_keys_only() {
    let name = TestName::new("srv-star");
    let server = Server::start(&name, &[]);
    assert_eq!(put(&server, "a", "1", "If-Match: *\r\n").status, 412);
    assert_eq!(put(&server, "a", "1", "If-None-Match: *\r\n").status, 201);
    assert_eq!(put(&server, "a", "2", "If-None-Match: *\r\n").status, 412);
    assert_eq!(put(&server, "a", "3", "If-Match: *\r\n").status, 200);
    assert_eq!(put(&server, "a", "4", "If-Match: \"1\", \"2\"\r\n").status, 422);
    assert_eq!(open(&name).get("a").unwrap(), b"3");
}

/// Schedule: eight clients add one to a number 25 times each, by reading it and
/// putting it back on its version.
/// Forbidden: a sum other than 200.
#[test]
fn read_modify_write_loses_nothing() {
    let name = TestName::new("srv-increments");
    let server = Server::start(&name, &[]);
    server.set("n", "0");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..25).for_each(|_| increment(&server)));
        }
    });
    assert_eq!(server.get("/get/n").json()["value"], "200");
}

fn increment(server: &Server) {
    loop {
        let read = server.get("/get/n");
        let number: u32 = read.json()["value"].as_str().unwrap().parse().unwrap();
        let condition = format!("If-Match: {}\r\n", read.header("etag").unwrap());
        match put(server, "n", &(number + 1).to_string(), &condition).status {
            200 => return,
            status => assert_eq!(status, 412),
        }
    }
}

#[test]
fn delete_removes_the_key() {
    let name = TestName::new("srv-delete");
    let server = Server::start(&name, &[]);
    server.set("a", "1");
    let stale = server.send_with("DELETE", "/keys/a", "If-Match: \"0\"\r\n", "");
    assert_eq!(stale.status, 412);
    let deleted = server.send("DELETE", "/keys/a", "");
    assert_eq!(deleted.status, 200);
    assert_eq!(deleted.body, r#"{"success":true,"message":"Key 'a' deleted successfully"}"#);
    assert_eq!(deleted.header("etag"), Some("\"2\""));
    let again = server.send("DELETE", "/keys/a", "");
    assert_eq!((again.status, again.detail().as_str()), (404, "Key not found"));
}

/// Browsers take `..` for a step of the path, however it is encoded.
#[test]
fn delete_by_query_reaches_keys_that_no_path_carries() {
    let name = TestName::new("srv-dots");
    let server = Server::start(&name, &[]);
    server.set("..", "1");
    assert_eq!(server.send("DELETE", "/keys?key=..", "").status, 200);
    assert_eq!(server.send("DELETE", "/keys?key=..", "").status, 404);
    assert_eq!(server.send("DELETE", "/keys", "").status, 422);
}

#[test]
fn keys_are_listed_by_prefix_and_page() {
    let name = TestName::new("srv-list");
    let server = Server::start(&name, &[]);
    for key in ["b2", "a", "b1", "b3", "c"] {
        server.set(key, "v");
    }
    let all = server.get("/keys").json();
    assert_eq!(keys(&all), ["a", "b1", "b2", "b3", "c"]);
    assert_eq!((&all["version"], &all["next"]), (&json!(5), &json!(null)));
    assert_eq!(all["keys"][1]["slot"], 2);

    let first = server.get("/keys?prefix=b&limit=2").json();
    assert_eq!((keys(&first), &first["total"]), (vec!["b1", "b2"], &json!(3)));
    let second = server.get(first["next"].as_str().unwrap()).json();
    assert_eq!((keys(&second), &second["next"]), (vec!["b3"], &json!(null)));

    for query in ["limit=0", "limit=11", "limit=x", "limit=1&limit=2", "prefix=a&prefix=b"] {
        assert_eq!(server.get(&format!("/keys?{query}")).status, 422, "{query}");
    }
}

#[test]
fn reads_of_a_known_version_are_304() {
    let name = TestName::new("srv-cached");
    let server = Server::start(&name, &[]);
    server.set("a", "1");
    for path in ["/get/a", "/keys/a", "/keys", "/status"] {
        let cached = server.send_with("GET", path, "If-None-Match: \"1\"\r\n", "");
        assert_eq!((cached.status, cached.header("etag")), (304, Some("\"1\"")), "{path}");
        let stale = server.send_with("GET", path, "If-None-Match: \"0\"\r\n", "");
        assert_eq!(stale.status, 200, "{path}");
    }
}

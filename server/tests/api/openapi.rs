//! The API's description: complete, and true.

use std::collections::BTreeSet;

use serde_json::Value;
use shmkv_tests::TestName;

use crate::support::Server;

fn described(server: &Server) -> Value {
    let answer = server.get("/openapi.json");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// Every operation: method, path, and what is said of it.
fn operations(api: &Value) -> Vec<(String, String, &Value)> {
    let paths = api["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, said)| (method.to_uppercase(), path.clone(), said))
        })
        .collect()
}

#[test]
fn description_is_openapi_3_1() {
    let name = TestName::new("srv-api");
    let server = Server::start(&name, &[]);
    let api = described(&server);
    assert_eq!(api["openapi"], "3.1.0");
    let ids: Vec<_> =
        operations(&api).iter().map(|(_, _, said)| said["operationId"].to_string()).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    for (method, path, said) in operations(&api) {
        assert!(said["summary"].is_string(), "{method} {path}");
        for (status, response) in said["responses"].as_object().unwrap() {
            let description = response["description"].as_str();
            assert!(description.is_some_and(|text| !text.is_empty()), "{method} {path} {status}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let name = TestName::new("srv-api-refs");
    let server = Server::start(&name, &[]);
    let api = described(&server);
    let mut references = Vec::new();
    collect(&api, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(api.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| collect(field, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// What `/` names is described, and what is described is named and answered.
#[test]
fn description_and_index_agree_with_the_routes() {
    let name = TestName::new("srv-api-routes");
    let server = Server::start(&name, &[]);
    let api = described(&server);
    let index = server.get("/").json();
    let named: BTreeSet<_> = index["endpoints"].as_object().unwrap().keys().cloned().collect();
    let undescribed = ["GET /openapi.json", "GET /docs", "GET /redoc"];
    let unnamed = ["GET /", "DELETE /keys"];
    for (method, path, said) in operations(&api) {
        let request = format!("{method} {path}");
        assert!(named.contains(&request) || unnamed.contains(&request.as_str()), "{request}");
        if !["/events", "/frames"].contains(&path.as_str()) {
            let status = server.send(&method, &path.replace("{key}", "nothing"), "").status;
            let known = said["responses"].get(status.to_string()).is_some();
            assert!(known && status != 405, "{request}: {status}");
        }
    }
    let described: BTreeSet<_> =
        operations(&api).iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    for request in named {
        assert!(described.contains(&request) || undescribed.contains(&request.as_str()));
    }
}

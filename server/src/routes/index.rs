//! `/`: what there is.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, VARY};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::assets;
use crate::app::Shared;
use crate::page::{Setting, page};

/// The server, and what can be asked of it.
#[derive(Serialize, ToSchema)]
pub struct Index {
    /// What this is.
    name: &'static str,
    /// The server's version.
    version: &'static str,
    /// Requests, and what each is for.
    endpoints: Endpoints,
}

/// Requests, and what each is for.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = std::collections::BTreeMap<String, String>)]
struct Endpoints(serde_json::Map<String, serde_json::Value>);

/// Requests, and what each is for.
pub(super) const ENDPOINTS: [(&str, &str); 15] = [
    ("GET /get/{key}", "The value of a key"),
    ("POST /set", "Set a key, with a body of {\"key\": …, \"value\": …}"),
    ("GET /status", "The whole table, its version and its entries"),
    ("POST /recover", "Recover the store from a dead process, where that is safe"),
    ("GET /keys", "Keys, by prefix and page"),
    ("GET /keys/{key}", "The value of a key"),
    ("PUT /keys/{key}", "Set a key, if it is still at the version of If-Match"),
    ("DELETE /keys/{key}", "Delete a key"),
    ("GET /events", "Changes as they come, as server-sent events"),
    ("GET /frames", "The segment as it is, as server-sent events"),
    ("GET /healthz", "Whether the store can be used"),
    ("GET /metrics", "Counters, for Prometheus"),
    ("GET /openapi.json", "This API, in OpenAPI 3.1"),
    ("GET /docs", "This API, to try out"),
    ("GET /redoc", "This API, to read"),
];

/// What there is
///
/// Browsers, which ask for HTML, get the live page.
#[utoipa::path(
    get, path = "/", tag = "About",
    responses((
        status = 200,
        content((Index = "application/json"), (String = "text/html")),
    ))
)]
pub async fn index(State(app): Shared, headers: HeaderMap) -> Response {
    let wants_html = headers.get_all(ACCEPT).iter().any(|accept| {
        accept.to_str().is_ok_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
    });
    let mut response = if wants_html {
        let view = app.views.borrow().clone();
        let segment = app.door.name().to_string();
        assets::page(page(&view, &Setting { segment: &segment, read_only: app.read_only }))
    } else {
        description().into_response()
    };
    response.headers_mut().append(VARY, ACCEPT.into());
    response
}

fn description() -> Json<Index> {
    let endpoints = ENDPOINTS.iter().map(|(request, what)| ((*request).into(), (*what).into()));
    Json(Index {
        name: "Shared Memory KV Store API",
        version: env!("CARGO_PKG_VERSION"),
        endpoints: Endpoints(endpoints.collect()),
    })
}

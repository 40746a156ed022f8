//! Answers that several routes give.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::problem::Problem;
use crate::request::{Conditions, tag};

/// What was read at `version`, or 304 to who has it already.
pub fn read(conditions: &Conditions, version: u32, body: impl Serialize) -> Response {
    if conditions.is_cached(version) {
        return (StatusCode::NOT_MODIFIED, tags(version)).into_response();
    }
    (tags(version), Json(body)).into_response()
}

/// What was done, and the version with it.
pub fn done(version: u32, body: impl Serialize) -> Response {
    (tags(version), Json(body)).into_response()
}

/// Refuses a change where none may be made.
pub fn check_writable(app: &App) -> Result<(), Problem> {
    if app.read_only {
        let detail = "this server is read-only: it was started with --read-only";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

fn tags(version: u32) -> [(axum::http::HeaderName, HeaderValue); 2] {
    [(ETAG, tag(version)), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))]
}

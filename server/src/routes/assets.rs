//! The page's own files, built into the program, and what pages may do.
//!
//! Idea: everything comes from this server, nothing is written into the page
//! itself, and the browser is told so: whatever gets into a page as text can
//! neither run nor load anything.
//! Source: Content Security Policy Level 3.

use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../assets/", $name)))),+]
    };
}

const FILES: [(&str, &str); 19] = files![
    "api.js",
    "base.css",
    "bytes.js",
    "dialog.js",
    "docs-schema.js",
    "docs-try.js",
    "docs.css",
    "docs.js",
    "graph.js",
    "icon.svg",
    "link.js",
    "main.js",
    "page.css",
    "panels.js",
    "search.js",
    "slots.js",
    "state.js",
    "theme.js",
    "words.js",
];

/// One of the files.
pub async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = FILES.iter().find(|(found, _)| *found == name);
    let (_, text) = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "Not Found"))?;
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    Ok(guarded(kind, *text))
}

/// An HTML page.
pub fn page(html: String) -> Response {
    guarded("text/html; charset=utf-8", html)
}

fn guarded(kind: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        // Files change with the program, and the program tells no time.
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = body.into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

//! Who may ask: the checks that every request passes before its route is known.
//!
//! Idea: a browser runs other people's pages, and they can send requests here.
//! Two headers tell: `Host` says by which name the browser found us, `Origin`
//! which page asks. A name that is not ours means that another site's name was
//! pointed at us (DNS rebinding), and nothing is answered. An origin that is
//! neither ours nor allowed may change nothing, and sees no answer. Programs
//! other than browsers send no `Origin`, and are not held up.
//! Source: Fetch standard, "CORS protocol"; RFC 9110, sections 7.2 and 15.5.20.
//! Limits: this is no login. Who can open a connection and is no browser may do
//! all that the server can.

mod host;
mod origin;

use std::net::IpAddr;

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};

pub use origin::Origin;

use crate::problem::Problem;

/// Origins that are always allowed: where the page's own server is run while it
/// is developed.
const DEFAULT_ORIGINS: [&str; 2] = ["http://localhost:3000", "http://127.0.0.1:3000"];

/// Methods that pages of allowed origins may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");

/// Headers that they may send.
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Content-Type, If-Match, If-None-Match, Last-Event-ID");

/// Headers that they may read.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static("ETag, Retry-After");

/// Seconds for which a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The checks, and what they allow.
pub struct Gate {
    origins: Vec<Origin>,
    hosts: Vec<String>,
}

/// What a request may see once it has been answered.
pub struct Pass {
    /// The allowed foreign origin that asks, if one does.
    origin: Option<HeaderValue>,
}

impl Gate {
    /// Allows these origins and host names beside the ones that are always.
    pub fn new(origins: &[Origin], hosts: &[String]) -> Self {
        let defaults = DEFAULT_ORIGINS
            .iter()
            .map(|origin| origin.parse().expect("they are origins, as a test shows"));
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { origins: defaults.chain(origins.iter().cloned()).collect(), hosts }
    }

    /// Lets a request in that came to our address `local`, or answers it here,
    /// together with what the answer may be shown.
    pub fn check(&self, request: &Parts, local: IpAddr) -> (Pass, Option<Response>) {
        let headers = &request.headers;
        let host = match self.check_host(request, local) {
            Ok(host) => host,
            Err(problem) => return (Pass { origin: None }, Some(problem.into_response())),
        };
        let Some(origin) = headers.get(ORIGIN) else {
            return (Pass { origin: None }, None);
        };
        let text = origin.to_str().unwrap_or_default();
        let own = text.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host));
        let allowed = self.origins.iter().any(|allowed| allowed.matches(text));
        let pass = Pass { origin: allowed.then(|| origin.clone()) };
        if is_preflight(request) {
            let response = if allowed { preflight() } else { foreign(text).into_response() };
            return (pass, Some(response));
        }
        let refused = !own && !allowed && !request.method.is_safe();
        (pass, refused.then(|| foreign(text).into_response()))
    }

    /// The request's host, if it is one of ours.
    fn check_host<'a>(&self, request: &'a Parts, local: IpAddr) -> Result<&'a str, Problem> {
        let mut named = request.headers.get_all(HOST).iter();
        let host = match (named.next(), named.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default(),
            _ => {
                let detail = "a request has exactly one Host header";
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
        };
        let asked = request.uri.authority().map_or(host, |authority| authority.as_str());
        for name in [host, asked] {
            if !host::is_ours(name, local, &self.hosts) {
                let detail =
                    format!("this server is not called {name:?}; see --allow-host for other names");
                return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
            }
        }
        Ok(host)
    }
}

impl Pass {
    /// Adds to an answer what lets the asking page see it.
    pub fn mark(self, headers: &mut HeaderMap) {
        // The answer differs by origin, whether or not one asked this time.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
        }
    }
}

fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn foreign(origin: &str) -> Problem {
    let detail = format!("origin {origin:?} is not allowed here; see --allow-origin");
    Problem::new(StatusCode::FORBIDDEN, detail)
}

#[cfg(test)]
mod tests;

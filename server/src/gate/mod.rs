//! Who may ask: the checks that every request passes before its route is known.
//!
//! Idea: a browser runs other people's pages, and they can send requests here.
//! Two headers tell: `Host` says by which name the browser found us, `Origin`
//! which page asks. A name that is not ours means that another site's name was
//! pointed at us (DNS rebinding), and nothing is answered. An origin that is
//! neither ours nor allowed may change nothing, sees no answer, and gets no stream,
//! of which there are few. Programs other than browsers send no `Origin`, and are
//! not held up.
//! Source: Fetch standard, "CORS protocol"; Fetch Metadata, "Sec-Fetch-Site", which
//! tells of requests that have no `Origin`; RFC 9110, sections 7.2 and 15.5.20.
//! Limits: this is no login. Who can open a connection and is no browser may do
//! all that the server can.

mod host;
mod origin;

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, CONTENT_TYPE,
    HOST, HeaderName, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, request::Parts};
use axum::response::{IntoResponse, Response};

pub use host::parse as parse_host;
pub use origin::Origin;

use crate::problem::Problem;

/// Origins that are always allowed: where the page's own server is run while it
/// is developed.
const DEFAULT_ORIGINS: [&str; 2] = ["http://localhost:3000", "http://127.0.0.1:3000"];

/// Methods that pages of allowed origins may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");

/// Headers that mean one thing: which of two would count is anybody's guess.
const SINGLE: [HeaderName; 5] = [
    ORIGIN,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    HeaderName::from_static("last-event-id"),
    ACCESS_CONTROL_REQUEST_METHOD,
];

/// Headers that they may send, where they do not ask for any.
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Content-Type, If-Match, If-None-Match, Last-Event-ID");

/// How many headers they may ask for, and how long their list may be.
const ASKED_HEADERS: usize = 64;
const ASKED_BYTES: usize = 4096;

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
    asker: Asker,
}

/// Who asks, as far as a browser tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A program, a page of ours, or one of an allowed origin.
    Near,
    /// A page of a foreign origin; it will not see the answer.
    Foreign,
}

impl Asker {
    /// Refuses what there is too little of for pages of foreign origins.
    ///
    /// # Errors
    /// 403.
    pub fn check_near(self) -> Result<(), Problem> {
        match self {
            Self::Near => Ok(()),
            Self::Foreign => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "streams are not for pages of other origins; see --allow-origin",
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        // The gate puts it there for every request.
        Ok(parts.extensions.get().copied().unwrap_or(Self::Foreign))
    }
}

impl Gate {
    /// Allows these origins and host names beside the ones that are always.
    pub fn new(origins: &[Origin], hosts: &[String]) -> Self {
        let defaults = DEFAULT_ORIGINS
            .iter()
            .map(|origin| origin.parse().expect("they are origins, as a test shows"));
        let origins = defaults.chain(origins.iter().cloned()).collect();
        Self { origins, hosts: hosts.to_vec() }
    }

    /// Lets a request in that came to our address `local`, or answers it here,
    /// together with what the answer may be shown.
    pub fn check(&self, request: &Parts, local: IpAddr) -> (Pass, Option<Response>) {
        let headers = &request.headers;
        let nobody = Pass { origin: None, asker: Asker::Foreign };
        let host = self.check_host(request, local);
        let host = match host.and_then(|host| check_single(headers).map(|()| host)) {
            Ok(host) => host,
            Err(problem) => return (nobody, Some(problem.into_response())),
        };
        let Some(origin) = headers.get(ORIGIN) else {
            let asker = if is_sent_by_others(headers) { Asker::Foreign } else { Asker::Near };
            return (Pass { origin: None, asker }, None);
        };
        let text = origin.to_str().unwrap_or_default();
        let own = text.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host));
        let allowed = self.origins.iter().any(|allowed| allowed.matches(text));
        let asker = if own || allowed { Asker::Near } else { Asker::Foreign };
        let pass = Pass { origin: allowed.then(|| origin.clone()), asker };
        if is_preflight(request) {
            let answer = if allowed { preflight(headers) } else { Err(foreign(text)) };
            return (pass, Some(answer.into_response()));
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
                    format!("this server is not called {name:?}; --allow-host allows other names");
                return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
            }
        }
        Ok(host)
    }
}

impl Pass {
    /// Who asks.
    pub fn asker(&self) -> Asker {
        self.asker
    }

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

/// Refuses a request in which one of these headers is there twice.
fn check_single(headers: &HeaderMap) -> Result<(), Problem> {
    match SINGLE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("the header {name} is there more than once");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// Whether a page of another origin has a browser send this: for an image or a
/// frame, say, whose requests have no `Origin`.
fn is_sent_by_others(headers: &HeaderMap) -> bool {
    let sites = headers.get_all("sec-fetch-site");
    sites.iter().any(|site| site != "same-origin" && site != "none")
}

/// Lets a page of an allowed origin send the headers that it asks for. None of them
/// opens anything: what counts is the origin.
fn preflight(request: &HeaderMap) -> Result<Response, Problem> {
    let asked = request.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    let lists: Vec<_> = asked.iter().map(|list| list.to_str().unwrap_or("\0")).collect();
    let list = lists.join(",");
    let names: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_name = |name: &&str| HeaderName::from_bytes(name.as_bytes()).is_ok();
    if list.len() > ASKED_BYTES || names.len() > ASKED_HEADERS || !names.iter().all(is_name) {
        let detail = format!(
            "Access-Control-Request-Headers has {} names in {} bytes; allowed are {ASKED_HEADERS} \
             names of headers in {ASKED_BYTES} bytes",
            names.len(),
            list.len()
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let allowed = match names.is_empty() {
        true => REQUEST_HEADERS,
        false => HeaderValue::try_from(names.join(", ")).expect("names of headers are ASCII"),
    };
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, allowed),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

fn foreign(origin: &str) -> Problem {
    let detail = format!("origin {origin:?} is not allowed here; see --allow-origin");
    Problem::new(StatusCode::FORBIDDEN, detail)
}

#[cfg(test)]
mod tests;

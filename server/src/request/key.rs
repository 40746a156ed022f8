//! Keys in paths: the last segment, percent-encoded.
//!
//! Idea: a key is bytes, so it is decoded to bytes and not to text: `%FF` is a
//! key, too.
//! Source: RFC 3986, section 2.1.
//! Limits: browsers take the segments `.` and `..`, however encoded, for steps
//! of the path; such keys are reached by `/keys?key=`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

/// The key that a path ends with.
pub struct PathKey(pub Vec<u8>);

impl<S: Sync> FromRequestParts<S> for PathKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let (_, last) = parts.uri.path().rsplit_once('/').unwrap_or_default();
        Ok(Self(percent_decode_str(last).collect()))
    }
}

//! Conditions of a request: `If-Match` and `If-None-Match`.
//!
//! Idea: the version of the table is the entity tag of all that is read from
//! it. A current tag means that nothing has changed since. A change of any key makes
//! it old, and its client has to read again.
//! Source: RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2.
//! Limits: only one tag of an `If-Match` can be checked and acted on atomically;
//! several are refused.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use shmkv::Condition;

use crate::problem::{Fault, Problem};

/// The conditions that a request has made.
pub struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

/// The entity tag of `version`.
pub fn tag(version: u32) -> HeaderValue {
    let mut digits = itoa(version);
    digits.insert(0, b'"');
    digits.push(b'"');
    HeaderValue::from_maybe_shared(bytes::Bytes::from(digits)).expect("digits and quotes are ASCII")
}

fn wrong(header: &'static str, msg: &str) -> Problem {
    Fault::value(["header", header], msg).into()
}

fn itoa(number: u32) -> Vec<u8> {
    number.to_string().into_bytes()
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            if_match: joined(&parts.headers, header::IF_MATCH),
            if_none_match: joined(&parts.headers, header::IF_NONE_MATCH),
        })
    }
}

impl Conditions {
    /// What must hold for a change.
    ///
    /// # Errors
    /// 412 for tags that no version has; 422 for what cannot be checked in one
    /// moment.
    pub fn for_change(&self) -> Result<Condition, Problem> {
        match (self.if_match.as_deref(), self.if_none_match.as_deref()) {
            (None, None) => Ok(Condition::Always),
            (Some("*"), None) => Ok(Condition::Present),
            (None, Some("*")) => Ok(Condition::Absent),
            (Some(tags), None) if tags.contains(',') => Err(wrong(
                "if-match",
                "If-Match has several tags; send the one version that was read",
            )),
            (Some(tag), None) => match version_of(tag) {
                Some(version) => Ok(Condition::Version(version)),
                None => {
                    let detail = format!("{tag:?} is the tag of no version; one is \"12\"");
                    if tag.starts_with("\"") || tag.starts_with("W/\"") {
                        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, detail));
                    }
                    Err(wrong("if-match", &detail))
                }
            },
            (None, Some(_)) => {
                Err(wrong("if-none-match", "to a change, If-None-Match can only be *"))
            }
            (Some(_), Some(_)) => {
                Err(wrong("if-match", "a change has If-Match or If-None-Match, not both"))
            }
        }
    }

    /// Whether who asks has the answer at `version` already.
    pub fn is_cached(&self, version: u32) -> bool {
        let Some(tags) = self.if_none_match.as_deref() else { return false };
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        tags == "*" || tags.split(',').any(|tag| version_of(&weak(tag)) == Some(version))
    }
}

/// The version that a tag means: `"12"`, or 12 without the quotes. Tags are
/// compared as they are written, so `"012"` is another one, which no version has.
fn version_of(tag: &str) -> Option<u32> {
    let digits = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    let version: u32 = digits.parse().ok()?;
    (itoa(version) == digits.as_bytes()).then_some(version)
}

fn joined(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let texts: Vec<_> = values.map(|value| value.to_str().unwrap_or("?").trim()).collect();
    Some(texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(if_match: &str) -> Result<Condition, u16> {
        let conditions = Conditions { if_match: Some(if_match.into()), if_none_match: None };
        conditions.for_change().map_err(|problem| problem.status().as_u16())
    }

    fn unless(if_none_match: &str) -> Conditions {
        Conditions { if_match: None, if_none_match: Some(if_none_match.into()) }
    }

    #[test]
    fn tag_of_a_version_is_read_back() {
        let tag = tag(4_294_967_295);
        assert_eq!(matching(tag.to_str().unwrap()), Ok(Condition::Version(u32::MAX)));
        assert_eq!(matching("12"), Ok(Condition::Version(12)));
    }

    #[test]
    fn tag_of_no_version_fails_the_precondition() {
        for tag in ["\"x\"", "W/\"12\"", "\"4294967296\"", "\"\"", "\"+1\"", "\"012\"", "\"12"] {
            assert_eq!(matching(tag), Err(412), "{tag}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for tag in ["", "x", "-1", "4294967296"] {
            assert_eq!(matching(tag), Err(422), "{tag}");
        }
    }

    #[test]
    fn star_asks_whether_the_key_is_there() {
        assert_eq!(matching("*"), Ok(Condition::Present));
        assert_eq!(unless("*").for_change().unwrap(), Condition::Absent);
    }

    #[test]
    fn what_cannot_be_checked_at_once_is_refused() {
        assert_eq!(matching("\"1\", \"2\""), Err(422));
        assert!(unless("\"1\"").for_change().is_err());
    }

    #[test]
    fn cached_answers_are_told_by_their_tag() {
        assert!(unless("\"12\"").is_cached(12));
        assert!(unless("\"11\", W/\"12\"").is_cached(12));
        assert!(!unless("\"11\"").is_cached(12));
    }
}

//! Queries: names with values, which are bytes as keys are.
//!
//! Source: the URL standard, "application/x-www-form-urlencoded parsing".

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::problem::{Fault, Problem};

/// What follows the question mark.
pub struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(query: &str) -> Self {
        let fields = query.split('&').filter(|field| !field.is_empty()).map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            (decode(name), decode(value))
        });
        Self(fields.collect())
    }

    /// The value of `name`, if there is one.
    ///
    /// # Errors
    /// 422, when there are several.
    pub fn get(&self, name: &'static str) -> Result<Option<&[u8]>, Problem> {
        let mut found = self.0.iter().filter(|(found, _)| found == name.as_bytes());
        match (found.next(), found.next()) {
            (_, Some(_)) => {
                let msg = format!("the query has {name} more than once");
                Err(Fault::value(["query", name], msg).into())
            }
            (value, None) => Ok(value.map(|(_, value)| value.as_slice())),
        }
    }

    /// The number `name`, if there is one.
    ///
    /// # Errors
    /// 422, when it is no number from `least` to `most`, or there are several.
    pub fn number(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, Problem> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let digits = value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        match number {
            Some(number) if digits && (least..=most).contains(&number) => Ok(Some(number)),
            _ => {
                let msg = format!("{name} must be a number from {least} to {most}");
                Err(Fault::value(["query", name], msg).into())
            }
        }
    }
}

/// `bytes` as a value in a query.
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, NON_ALPHANUMERIC).to_string()
}

fn decode(part: &str) -> Vec<u8> {
    percent_decode_str(&part.replace('+', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bytes() {
        let query = Query::parse("prefix=a%FF+b%2B&empty=&bare");
        assert_eq!(query.get("prefix").unwrap(), Some(&b"a\xff b+"[..]));
        assert_eq!(query.get("empty").unwrap(), Some(&b""[..]));
        assert_eq!(query.get("bare").unwrap(), Some(&b""[..]));
        assert_eq!(query.get("missing").unwrap(), None);
    }

    #[test]
    fn encoded_bytes_are_decoded_again() {
        let all: Vec<u8> = (0..=255).collect();
        let query = Query::parse(&format!("x={}", encode(&all)));
        assert_eq!(query.get("x").unwrap(), Some(all.as_slice()));
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for value in ["0", "11", "-1", "+1", "x", "", "1&limit=2"] {
            let query = Query::parse(&format!("limit={value}"));
            assert!(query.number("limit", 1, 10).is_err(), "{value}");
        }
        assert_eq!(Query::parse("limit=10").number("limit", 1, 10).unwrap(), Some(10));
    }
}

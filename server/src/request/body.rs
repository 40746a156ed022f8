//! JSON bodies, of a bounded size and within a bounded time.
//!
//! Idea: a body is an object with known fields. Each that is missing, or of another
//! type, is told; other fields are passed over.
//! Source: RFC 9110, sections 8.3 and 10.1.1; pydantic's names of faults.
//! Limits: a body that is too long is swallowed for as long as any body may take,
//! so that a client that sends first and reads then finds its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::app::App;
use crate::places::Client;
use crate::problem::{Fault, Problem, Step};

/// Bytes of the longest body: a pair of which each byte is written as `\u0000`,
/// several times over.
pub const BODY_LIMIT: usize = 16 * 1024;

const NO_OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

/// What a body may be.
pub trait Form: DeserializeOwned {
    /// Its fields.
    const FIELDS: &'static [Field];
}

/// A field of a body.
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it has to be there.
    pub needed: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
}

impl Field {
    /// A text that has to be there.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, needed: true }
    }

    /// A flag that is false where it is left out.
    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag, needed: false }
    }

    /// What is wrong with the field in this body, if anything is.
    fn fault_in(&self, body: &Map<String, Value>) -> Option<Fault> {
        let place = ["body", self.name];
        match (self.kind, body.get(self.name)) {
            (_, None) => self.needed.then(|| Fault::new(place, "missing", "Field required")),
            (Kind::Text, Some(Value::String(_))) | (Kind::Flag, Some(Value::Bool(_))) => None,
            (Kind::Text, Some(_)) => {
                Some(Fault::new(place, "string_type", "Input should be a valid string"))
            }
            (Kind::Flag, Some(_)) => {
                Some(Fault::new(place, "bool_type", "Input should be a valid boolean"))
            }
        }
    }
}

/// A body of type `T`, told apart from what is none.
pub struct JsonBody<T>(pub T);

impl<T: Form> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let client = request.extensions_mut().remove::<Client>();
        let headers = request.headers();
        let announced = number(headers, header::CONTENT_LENGTH);
        let asks_first = headers.contains_key(header::EXPECT);
        let body = request.into_body();
        if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
            // Reading would be to ask for it.
            if !asks_first {
                swallow(body, app.patience);
            }
            return Err(too_long());
        }
        client.iter().for_each(Client::is_waited_for);
        let bytes = collect(body, app.patience).await;
        client.iter().for_each(Client::is_served);
        parse(&bytes?).map(Self).map_err(Problem::unprocessable)
    }
}

/// A body with another type than JSON is refused, and one without a type: pages of
/// other origins can send both.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let found = headers.get(header::CONTENT_TYPE).map(|found| found.to_str().unwrap_or_default());
    let essence = found.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence == "application/json"
        || essence.starts_with("application/") && essence.ends_with("+json")
    {
        return Ok(());
    }
    let what = match found {
        Some(found) => format!("the body is of type {found:?}"),
        None => "the type of the body is not told".to_owned(),
    };
    let msg = format!("{what}; send it with Content-Type: application/json");
    Err(Fault::body("model_attributes_type", msg).into())
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

async fn collect(mut body: Body, patience: Duration) -> Result<Bytes, Problem> {
    let whole = timeout(patience, Limited::new(&mut body, BODY_LIMIT).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            swallow(body, patience);
            Err(too_long())
        }
        Ok(Err(error)) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body broke off: {error}")))
        }
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} ms", patience.as_millis()),
        )),
    }
}

fn too_long() -> Problem {
    let detail = format!("the body is longer than {BODY_LIMIT} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// Reads a body that is not wanted while the answer is under way. A connection that
/// is closed with bytes unread takes the answer along.
fn swallow(mut body: Body, patience: Duration) {
    tokio::spawn(timeout(patience, async move { while let Some(Ok(_)) = body.frame().await {} }));
}

/// What a body says, or everything that is wrong with it.
fn parse<T: Form>(bytes: &[u8]) -> Result<T, Vec<Fault>> {
    if bytes.is_empty() {
        return Err(vec![Fault::body("missing", "Field required")]);
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| vec![no_json(bytes, &error)])?;
    let Value::Object(fields) = &value else {
        return Err(vec![Fault::body("model_attributes_type", NO_OBJECT)]);
    };
    let faults: Vec<_> = T::FIELDS.iter().filter_map(|field| field.fault_in(fields)).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    // The fields are those of the type; should they not be, its own words tell.
    serde_json::from_value(value)
        .map_err(|error| vec![Fault::body("value_error", error.to_string())])
}

fn no_json(bytes: &[u8], error: &serde_json::Error) -> Fault {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let byte = before + error.column().saturating_sub(1);
    let mut fault = Fault::body("json_invalid", format!("JSON decode error: {error}"));
    fault.loc.push(Step::Byte(byte));
    fault
}

//! Answers that say what went wrong: `{"detail": …}`, always.
//!
//! Idea: every failure becomes a [`Problem`] once, here or where it happens. Its
//! detail is a sentence, the store's own as a rule. Where a request is not of the
//! form that it should have, it is a list of [`Fault`]s, since a client that sends
//! forms on wants to know which field is meant.
//! Source: FastAPI's answers, whose clients these are: `HTTPValidationError`, and
//! pydantic's names for the types of faults.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shmkv::{KEY_LIMIT, Owner, Process, StoreError, VALUE_LIMIT};
use utoipa::ToSchema;

/// Seconds after which a client whose request found the lock taken may try again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Detail {
    /// A sentence.
    #[schema(example = "Key not found")]
    pub detail: String,
}

/// Why a request is not of the form that it should have.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HTTPValidationError)]
pub struct Faults {
    /// Each fault that was found.
    pub detail: Vec<Fault>,
}

/// What is wrong with a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub struct Fault {
    /// The kind of fault, by pydantic's name where it has one.
    #[serde(rename = "type")]
    #[schema(example = "missing")]
    pub kind: &'static str,
    /// Where it is: `body`, `query`, `path` or `header`, and the name there; in a
    /// body that is no JSON, the byte.
    #[schema(example = json!(["body", "value"]))]
    pub loc: Vec<Step>,
    /// A sentence.
    #[schema(example = "Field required")]
    pub msg: String,
}

/// A step on the way to a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Step {
    /// A name.
    Name(&'static str),
    /// A byte, from 0.
    Byte(usize),
}

impl Fault {
    /// A fault in the value that `loc` leads to.
    pub fn new(loc: [&'static str; 2], kind: &'static str, msg: impl Into<String>) -> Self {
        Self { kind, loc: loc.map(Step::Name).into(), msg: msg.into() }
    }

    /// A value that is of its type, and cannot be used all the same.
    pub fn value(loc: [&'static str; 2], msg: impl Into<String>) -> Self {
        Self::new(loc, "value_error", msg)
    }

    /// A fault of the whole body.
    pub fn body(kind: &'static str, msg: impl Into<String>) -> Self {
        Self { kind, loc: vec![Step::Name("body")], msg: msg.into() }
    }
}

/// Why a store was not recovered: its lock's owner lives, or may.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conflict {
    /// Sentences: what is known, what cannot be known, and what to do.
    pub detail: String,
    /// The process that holds the lock; null where the lock does not tell.
    pub owner: Option<ProcessView>,
    /// The other processes that have the store open, as far as the kernel shows
    /// them to this server: one of them may hold the lock.
    pub others: Vec<ProcessView>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProcessView {
    /// Its number.
    #[schema(example = 4711)]
    pub pid: u32,
    /// Its name, where it is known.
    #[schema(example = "lab-4")]
    pub name: Option<String>,
}

impl From<&Process> for ProcessView {
    fn from(process: &Process) -> Self {
        Self { pid: process.pid, name: process.name.clone() }
    }
}

impl Conflict {
    fn new(detail: String, owner: &Owner, others: &[Process]) -> Self {
        let owner = match owner {
            Owner::Alive(process) | Owner::Dead(process) => Some(process.into()),
            _ => None,
        };
        Self { detail, owner, others: others.iter().map(ProcessView::from).collect() }
    }
}

/// An answer other than success.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Sentence(String),
    Faults(Vec<Fault>),
    Conflict(Conflict),
}

impl Problem {
    /// An answer with this status and this sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: Text::Sentence(detail.into()) }
    }

    /// The key is not there. The words are part of the API.
    pub fn key_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Key not found")
    }

    /// What was sent is not of the form that it should have.
    pub fn unprocessable(faults: Vec<Fault>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: Text::Faults(faults) }
    }

    /// Nothing can be done now; later it may be possible.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The same, of a request that has its key in its path.
    #[must_use]
    pub fn with_key_in_path(mut self) -> Self {
        if let Text::Faults(faults) = &mut self.detail {
            for fault in
                faults.iter_mut().filter(|fault| fault.loc.last() == Some(&Step::Name("key")))
            {
                fault.loc[0] = Step::Name("path");
            }
        }
        self
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::unprocessable(vec![fault])
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        use StoreError as E;
        let status = match &error {
            E::NotFound { .. } => return Self::key_not_found(),
            E::EmptyKey | E::NulInKey { .. } => {
                return Fault::value(["body", "key"], error.to_string()).into();
            }
            E::NulInValue { .. } => {
                return Fault::value(["body", "value"], error.to_string()).into();
            }
            // The words are part of the API, these and the next.
            E::KeyTooLong { .. } => {
                let detail = format!("Key too long (max {KEY_LIMIT} bytes)");
                return Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
            }
            E::ValueTooLong { .. } => {
                let detail = format!("Value too long (max {VALUE_LIMIT} bytes)");
                return Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
            }
            E::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            E::VersionChanged { .. } | E::KeyExists { .. } => StatusCode::PRECONDITION_FAILED,
            E::LockTimeout { owner, .. } => {
                // Of a living owner nothing can be recovered.
                let remedy = if matches!(owner, Owner::Alive(_)) { "" } else { " (POST /recover)" };
                return Self::unavailable(format!("{error}{remedy}"));
            }
            E::Corrupt(_) => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return Self::new(status, format!("{error}; POST /recover puts it right"));
            }
            E::InUse { owner, others, .. } => {
                let conflict = Conflict::new(error.to_string(), owner, others);
                return Self { status: StatusCode::CONFLICT, detail: Text::Conflict(conflict) };
            }
            E::Segment(_) | E::NotReady { .. } | E::Foreign { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = match self.detail {
            Text::Sentence(detail) => (self.status, Json(Detail { detail })).into_response(),
            Text::Conflict(conflict) => (self.status, Json(conflict)).into_response(),
            Text::Faults(detail) => (self.status, Json(Faults { detail })).into_response(),
        };
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

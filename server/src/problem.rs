//! Answers that say what went wrong: `{"detail": "…"}`, always.
//!
//! Idea: every failure becomes a [`Problem`] once, here or where it happens, and
//! its sentence is the store's own.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shmkv::StoreError;
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

/// An answer other than success.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// An answer with this status and this sentence.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// The key is not there. The words are part of the API.
    pub fn key_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Key not found")
    }

    /// What was sent is not of the form that it should have.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Nothing can be done now; later it may be possible.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        use StoreError as E;
        let status = match &error {
            E::NotFound { .. } => return Self::key_not_found(),
            E::EmptyKey | E::NulInKey { .. } | E::NulInValue { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            E::KeyTooLong { .. } | E::ValueTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            E::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            E::VersionChanged { .. } | E::KeyExists { .. } => StatusCode::PRECONDITION_FAILED,
            E::LockTimeout { .. } | E::Segment(_) | E::NotReady { .. } | E::Foreign { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Detail { detail: self.detail })).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

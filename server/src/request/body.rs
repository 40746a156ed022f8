//! JSON bodies, of a bounded size and within a bounded time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::app::App;
use crate::problem::Problem;

/// Bytes of the longest body: a pair of which each byte is written as `\u0000`,
/// several times over.
pub const BODY_LIMIT: usize = 16 * 1024;

/// A body of type `T`, told apart from what is none.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        check_type(request.headers())?;
        let bytes = collect(request.into_body(), app.patience).await?;
        let value = serde_json::from_slice(&bytes);
        value
            .map(Self)
            .map_err(|error| Problem::unprocessable(format!("the body does not fit: {error}")))
    }
}

/// A body with another type than JSON is refused; one without a type is tried.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let found = found.to_str().unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json"
        || essence.starts_with("application/") && essence.ends_with("+json")
    {
        return Ok(());
    }
    Err(Problem::unprocessable(format!(
        "the body is of type {found:?}; send it with Content-Type: application/json"
    )))
}

async fn collect(body: Body, patience: Duration) -> Result<Bytes, Problem> {
    let whole = timeout(patience, Limited::new(body, BODY_LIMIT).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {BODY_LIMIT} bytes"),
        )),
        Ok(Err(error)) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body broke off: {error}")))
        }
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} ms", patience.as_millis()),
        )),
    }
}

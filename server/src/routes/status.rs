//! `/status`: the whole table.

use axum::extract::State;
use axum::response::Response;

use super::reply;
use crate::app::Shared;
use crate::metrics::Operation;
use crate::problem::Problem;
use crate::request::Conditions;
use crate::wire::Status;

/// The whole table
///
/// Version and entries are of one moment.
#[utoipa::path(
    get, path = "/status", tag = "Table",
    responses(
        (status = 200, body = Status, headers(("ETag" = String, description = "The table's version"))),
        (status = 304, description = "If-None-Match names the current version"),
    )
)]
pub async fn status(State(app): Shared, conditions: Conditions) -> Result<Response, Problem> {
    let snapshot = app.door.call(Operation::Snapshot, |store| store.snapshot()).await?;
    Ok(reply::read(&conditions, snapshot.version, Status::from(&snapshot)))
}

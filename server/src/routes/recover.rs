//! `/recover`: a store whose lock or table a dead process has left behind.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shmkv::Recovered;
use utoipa::ToSchema;

use super::reply;
use crate::app::Shared;
use crate::door::dead_owner;
use crate::metrics::Operation;
use crate::problem::{Conflict, Detail, Problem, ProcessView};

/// What recovery has found, and put right.
#[derive(Serialize, ToSchema)]
pub struct Recovery {
    /// Whether anything was to be done.
    recovered: bool,
    /// Sentences.
    #[schema(
        example = "process 4711 (lab-4) died while it held the lock; the store is usable again, at version 9"
    )]
    message: String,
    /// The dead process that held the lock; null where nobody did, or nobody knows.
    owner: Option<ProcessView>,
    /// The table's version with it; null where nothing was done.
    #[schema(example = 9, format = "uint32")]
    version: Option<u32>,
    /// The slot of a pair that was being replaced, and has its old value; or null.
    #[schema(minimum = 0, maximum = 9)]
    restored: Option<usize>,
    /// Slots that were freed, because they held no valid entry.
    freed: Vec<usize>,
}

impl Recovery {
    fn nothing() -> Self {
        let message =
            "nothing was to be done: no dead process holds the lock, and the table is whole";
        Self {
            recovered: false,
            message: message.into(),
            owner: None,
            version: None,
            restored: None,
            freed: Vec::new(),
        }
    }
}

impl From<Recovered> for Recovery {
    fn from(done: Recovered) -> Self {
        Self {
            recovered: true,
            message: done.to_string(),
            owner: dead_owner(&done).map(ProcessView::from),
            version: Some(done.version),
            restored: done.restored,
            freed: done.freed,
        }
    }
}

/// Recover the store
///
/// Frees the lock if its owner is dead, and puts right what was left by half. It is
/// done only where it is safe: the lock tells which process holds it, and that
/// process is dead; or nobody but this server has the store open. A C program that
/// uses the semaphore by itself does not tell. Nothing that was complete is lost.
#[utoipa::path(
    post, path = "/recover", operation_id = "recover", tag = "Table",
    responses(
        (status = 200, body = Recovery),
        (status = 409, body = Conflict, description = "The lock's owner is alive, or may be; nothing was done"),
        (status = 403, body = Detail, description = "The request comes from a page of a foreign origin, or the server is read-only"),
    )
)]
pub async fn recover(State(app): Shared) -> Result<Response, Problem> {
    reply::check_writable(&app)?;
    let metrics = app.metrics.clone();
    let done = tokio::task::spawn_blocking(move || app.door.recover()).await;
    let done = match done {
        Ok(done) => done.map_err(Problem::from),
        Err(_) => Err(Problem::unavailable("the recovery was given up")),
    };
    metrics.count(
        Operation::Recover,
        done.as_ref().map_or_else(|error| error.status().as_u16(), |_| 200),
    );
    Ok(Json(done?.map_or_else(Recovery::nothing, Recovery::from)).into_response())
}

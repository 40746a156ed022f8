//! `/healthz` and `/metrics`: how the server is.

use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shmkv::KeyValue;
use utoipa::ToSchema;

use crate::app::Shared;
use crate::metrics::Gauges;
use crate::problem::Problem;

/// The store can be used.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The segment's name.
    #[schema(example = "/gitflow_kv_store")]
    segment: String,
    /// The table's version.
    #[schema(example = 8, format = "uint32")]
    version: u32,
}

/// Whether the store can be used
///
/// Takes the lock and reads the table. Where the lock is held, it is answered at
/// once: who holds it, as far as that is known, and what to do.
#[utoipa::path(get, path = "/healthz", tag = "About", responses((status = 200, body = Health)))]
pub async fn healthz(State(app): Shared) -> Result<Json<Health>, Problem> {
    let version = app.door.check().await?;
    let segment = app.door.name().to_string();
    Ok(Json(Health { status: "ok", segment, version }))
}

/// Counters, for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "About",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub async fn metrics(State(app): Shared) -> Response {
    // Without the lock: what is shown is of this moment or the one before.
    let table = app.door.attached().ok().map(|attached| {
        let store = attached.store();
        (store.version(), store.table().entry_count.load(Relaxed) as usize)
    });
    let streams = app.hub.followers() + app.views.receiver_count();
    let gauges = Gauges { table, queued: app.door.queued(), streams };
    let text = app.metrics.render(&gauges);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

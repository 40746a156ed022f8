//! `/get` and `/set`: one pair.

use axum::extract::State;
use axum::response::Response;
use shmkv::Condition;

use super::reply;
use crate::app::Shared;
use crate::metrics::Operation;
use crate::problem::{Detail, Faults, Problem};
use crate::request::{Conditions, JsonBody, PathKey};
use crate::wire::{Done, Pair};

/// The value of a key
#[utoipa::path(
    get, path = "/get/{key}", tag = "Pairs",
    params(("key" = String, Path, description = "The key, percent-encoded")),
    responses(
        (status = 200, body = Pair, headers(("ETag" = String, description = "The table's version"))),
        (status = 304, description = "If-None-Match names the current version"),
        (status = 404, body = Detail),
    )
)]
pub async fn get(
    State(app): Shared,
    conditions: Conditions,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    let wanted = key.clone();
    let found = app.door.call(Operation::Get, move |store| store.get(&wanted)).await;
    // A key that cannot be one is not there.
    let (value, version) = found.map_err(|problem| match problem.status().as_u16() {
        413 | 422 => Problem::key_not_found(),
        _ => problem,
    })?;
    Ok(reply::read(&conditions, version, Pair::new(&key, &value)))
}

/// Set a key
#[utoipa::path(
    post, path = "/set", tag = "Pairs",
    request_body = Pair,
    responses(
        (status = 200, body = Done, headers(("ETag" = String, description = "The table's version"))),
        (status = 413, body = Detail, description = "Key, value or body are too long"),
        (status = 422, body = Faults, description = "Malformed body"),
        (status = 507, body = Detail, description = "The table is full"),
    )
)]
pub async fn set(State(app): Shared, JsonBody(pair): JsonBody<Pair>) -> Result<Response, Problem> {
    reply::check_writable(&app)?;
    let (key, value) = pair.into_bytes()?;
    let done = Done::new(&key, "set");
    let set = move |store: &crate::door::Access<'_>| store.put(&key, &value, Condition::Always);
    let put = app.door.call(Operation::Set, set).await?;
    Ok(reply::done(put.version, done))
}

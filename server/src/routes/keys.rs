//! `/keys`: pairs as resources, listed, read, set on a condition, and deleted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use shmkv::{CAPACITY, Condition, Entry, Snapshot};
use utoipa::ToSchema;

use super::reply;
use crate::app::{App, Shared};
use crate::door::Access;
use crate::metrics::Operation;
use crate::problem::{Detail, Fault, Faults, Problem};
use crate::request::{Conditions, JsonBody, PathKey, Query, encode};
use crate::wire::{Done, NewValue, Pair, is_unset, read, show};

/// A page of keys, in the order of their bytes.
#[derive(Serialize, ToSchema)]
pub struct KeyPage {
    /// The version of the table.
    #[schema(example = 8, format = "uint32")]
    version: u32,
    /// Keys with the prefix, on this page and all others.
    #[schema(example = 1)]
    total: usize,
    /// The keys of this page.
    keys: Vec<KeyView>,
    /// The path of the next page; null on the last.
    next: Option<String>,
}

/// A key in the list.
#[derive(Serialize, ToSchema)]
struct KeyView {
    /// The key.
    #[schema(example = "city")]
    key: String,
    /// `key` is base64, because it is not UTF-8. Left out otherwise.
    #[serde(skip_serializing_if = "is_unset")]
    key_base64: bool,
    /// The slot it lies in, from 0.
    #[schema(example = 3, minimum = 0, maximum = 9)]
    slot: usize,
    /// When it was last set, in seconds since 1970.
    #[schema(example = 1_760_000_000)]
    timestamp: i64,
}

impl From<&Entry> for KeyView {
    fn from(entry: &Entry) -> Self {
        let (key, key_base64) = show(&entry.key);
        Self { key, key_base64, slot: entry.slot, timestamp: entry.timestamp }
    }
}

/// Keys, by prefix and page
#[utoipa::path(
    get, path = "/keys", operation_id = "list_keys", tag = "Keys",
    params(
        ("prefix" = Option<String>, Query, description = "Only keys with this prefix"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10, description = "Keys on a page"),
        ("after" = Option<String>, Query, description = "Only keys after this one; see `next`"),
    ),
    responses(
        (status = 200, body = KeyPage),
        (status = 304, description = "If-None-Match names the current version"),
        (status = 422, body = Faults, description = "Malformed query"),
    )
)]
pub async fn list(
    State(app): Shared,
    conditions: Conditions,
    query: Query,
) -> Result<Response, Problem> {
    let prefix = query.get("prefix")?.unwrap_or_default();
    let after = query.get("after")?;
    let limit = query.number("limit", 1, CAPACITY)?.unwrap_or(CAPACITY);
    let snapshot = app.door.call(Operation::Snapshot, |store| store.snapshot()).await?;
    Ok(reply::read(&conditions, snapshot.version, page(&snapshot, prefix, after, limit)))
}

fn page(snapshot: &Snapshot, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> KeyPage {
    let mut found: Vec<&Entry> =
        snapshot.entries.iter().filter(|entry| entry.key.starts_with(prefix)).collect();
    found.sort_by(|one, other| one.key.cmp(&other.key));
    let total = found.len();
    found.retain(|entry| after.is_none_or(|after| entry.key.as_slice() > after));
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| {
        format!("/keys?prefix={}&limit={limit}&after={}", encode(prefix), encode(&last.key))
    });
    let keys = found.into_iter().map(KeyView::from).collect();
    KeyPage { version: snapshot.version, total, keys, next }
}

/// The value of a key
#[utoipa::path(
    get, path = "/keys/{key}", operation_id = "get_key", tag = "Keys",
    params(("key" = String, Path, description = "The key, percent-encoded")),
    responses(
        (status = 200, body = Pair, headers(("ETag" = String, description = "The table's version"))),
        (status = 304, description = "If-None-Match names the current version"),
        (status = 404, body = Detail),
    )
)]
pub async fn get(app: Shared, conditions: Conditions, key: PathKey) -> Result<Response, Problem> {
    super::pairs::get(app, conditions, key).await
}

/// Set a key, on a condition
///
/// With `If-Match: "VERSION"` it is set only if the table has not changed since
/// that version; with `If-Match: *` only if the key is there; with
/// `If-None-Match: *` only if it is not.
#[utoipa::path(
    put, path = "/keys/{key}", operation_id = "put_key", tag = "Keys",
    params(
        ("key" = String, Path, description = "The key, percent-encoded"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|"?[0-9]{1,10}"?)$"#, description = "The version that was read, or *"),
        ("If-None-Match" = Option<String>, Header, pattern = r"^\*$", description = "*"),
    ),
    request_body = NewValue,
    responses(
        (status = 200, body = Done, headers(("ETag" = String, description = "The table's version"))),
        (status = 201, body = Done, description = "The key is new"),
        (status = 412, body = Detail, description = "The condition does not hold"),
        (status = 413, body = Detail, description = "Key, value or body are too long"),
        (status = 422, body = Faults, description = "Malformed key, body or conditions"),
        (status = 507, body = Detail, description = "The table is full"),
    )
)]
pub async fn put(
    State(app): Shared,
    conditions: Conditions,
    PathKey(key): PathKey,
    JsonBody(body): JsonBody<NewValue>,
) -> Result<Response, Problem> {
    reply::check_writable(&app)?;
    let value = read("value", body.value, body.value_base64)?;
    let condition = conditions.for_change()?;
    let done = Done::new(&key, "set");
    let location = format!("/keys/{}", encode(&key));
    let set = move |store: &Access<'_>| store.put(&key, &value, condition);
    let put = app
        .door
        .call(Operation::Set, set)
        .await
        .map_err(|problem| precondition(problem.with_key_in_path(), condition))?;
    let mut response = reply::done(put.version, done);
    if put.inserted {
        *response.status_mut() = StatusCode::CREATED;
        let location = HeaderValue::try_from(location).expect("percent-encoded keys are ASCII");
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Delete a key
#[utoipa::path(
    delete, path = "/keys/{key}", operation_id = "delete_key", tag = "Keys",
    params(
        ("key" = String, Path, description = "The key, percent-encoded"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|"?[0-9]{1,10}"?)$"#, description = "The version that was read, or *"),
    ),
    responses(
        (status = 200, body = Done, headers(("ETag" = String, description = "The table's version"))),
        (status = 404, body = Detail),
        (status = 412, body = Detail, description = "The condition does not hold"),
        (status = 422, body = Faults, description = "Malformed condition"),
    )
)]
pub async fn delete(
    State(app): Shared,
    conditions: Conditions,
    PathKey(key): PathKey,
) -> Result<Response, Problem> {
    remove(app, conditions, key).await
}

/// Delete a key that no path can carry
///
/// Browsers take the keys `.` and `..` for steps of the path.
#[utoipa::path(
    delete, path = "/keys", operation_id = "delete_key_by_query", tag = "Keys",
    params(
        ("key" = String, Query, description = "The key, percent-encoded"),
        ("If-Match" = Option<String>, Header, pattern = r#"^(\*|"?[0-9]{1,10}"?)$"#, description = "The version that was read, or *"),
    ),
    responses(
        (status = 200, body = Done, headers(("ETag" = String, description = "The table's version"))),
        (status = 404, body = Detail),
        (status = 412, body = Detail, description = "The condition does not hold"),
        (status = 422, body = Faults, description = "Malformed query or condition"),
    )
)]
pub async fn delete_by_query(
    State(app): Shared,
    conditions: Conditions,
    query: Query,
) -> Result<Response, Problem> {
    let key = query.get("key")?.map(<[u8]>::to_vec);
    let key = key.ok_or_else(|| Fault::new(["query", "key"], "missing", "Field required"))?;
    remove(app, conditions, key).await
}

async fn remove(app: Arc<App>, conditions: Conditions, key: Vec<u8>) -> Result<Response, Problem> {
    reply::check_writable(&app)?;
    let condition = conditions.for_change()?;
    let done = Done::new(&key, "deleted");
    let remove = move |store: &Access<'_>| store.remove(&key, condition);
    let removed = app.door.call(Operation::Delete, remove).await.map_err(|problem| {
        match (problem.status(), condition) {
            // A key that cannot be one is not there.
            (StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY, _) => {
                Problem::key_not_found()
            }
            _ => precondition(problem, condition),
        }
    })?;
    Ok(reply::done(removed.version, done))
}

/// A key that was to be there and is not has failed the request's condition.
fn precondition(problem: Problem, condition: Condition) -> Problem {
    if problem.status() == StatusCode::NOT_FOUND && condition == Condition::Present {
        return Problem::new(StatusCode::PRECONDITION_FAILED, "Key not found");
    }
    problem
}

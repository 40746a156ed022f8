//! What can be asked: one function for each request, with its description.

mod assets;
mod docs;
mod events;
mod health;
mod index;
mod keys;
mod pairs;
mod recover;
mod reply;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi;
use crate::problem::Problem;

/// All routes, the description of the API among them.
pub fn router(app: Arc<App>) -> Router {
    let (router, api) = described().split_for_parts();
    let api = openapi::finish(api).to_json().expect("a description has no maps with odd keys");
    let api = Bytes::from(api);
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    router
        .route("/assets/{name}", get(assets::asset))
        .route("/docs", get(docs::docs))
        .route("/redoc", get(docs::redoc))
        .route("/openapi.json", get(async move || (json, api.clone())))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .with_state(app)
}

/// The routes that the description tells of.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(index::index))
        .routes(routes!(pairs::get))
        .routes(routes!(pairs::set))
        .routes(routes!(status::status))
        .routes(routes!(recover::recover))
        .routes(routes!(keys::list, keys::delete_by_query))
        .routes(routes!(keys::get, keys::put, keys::delete))
        .routes(routes!(events::events))
        .routes(routes!(events::frames))
        .routes(routes!(health::healthz))
        .routes(routes!(health::metrics))
}

/// A path that is none; where only a slash is too many, the one without is told,
/// as FastAPI does.
async fn not_found(uri: Uri) -> Response {
    let bare = uri.path().trim_end_matches('/');
    if bare != uri.path() && is_known(bare) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{bare}{query}");
        return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response();
    }
    Problem::new(StatusCode::NOT_FOUND, "Not Found").into_response()
}

/// Whether anything is at this path, which does not end with a slash.
fn is_known(path: &str) -> bool {
    let of_a_key = ["/get/", "/keys/"].iter().find_map(|prefix| path.strip_prefix(prefix));
    let named = index::ENDPOINTS.iter().filter_map(|(request, _)| request.split(' ').nth(1));
    match of_a_key {
        Some(key) => !key.is_empty() && !key.contains('/'),
        None => named.into_iter().any(|known| known == path),
    }
}

/// axum adds the `Allow` header.
async fn not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

//! The API's description, made from the routes: OpenAPI 3.1.
//!
//! Idea: each route describes itself beside its code. What all requests have in
//! common, being refused before their route is known, is added here.
//! Source: OpenAPI Specification 3.1.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{Object, SchemaType};
use utoipa::openapi::{
    Content, Header, HttpMethod, Info, OpenApi, PathItem, Paths, Ref, RefOr, Response,
    ResponseBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Detail, Faults};

const ABOUT: &str = "\
A key-value store of ten slots in POSIX shared memory, used by programs of several languages at \
the same time.

Keys have 1 to 63 bytes, values at most 255; neither holds a NUL. Bytes that are not UTF-8 come \
and go in base64, with a flag beside them. The version of the table, which counts its changes, is \
the ETag of all that is read.

Errors are `{\"detail\": \"…\"}` with a sentence; with status 422 it is a list, with the type, the \
place and a sentence for each fault.";

/// The description without its paths.
pub fn base() -> OpenApi {
    let mut info = Info::new("Shared Memory KV Store API", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.into());
    OpenApi::new(info, Paths::new())
}

/// The description with what every request can be answered.
pub fn finish(mut api: OpenApi) -> OpenApi {
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            complete(operation, path, &method);
        }
    }
    let mut schemas = Vec::new();
    Detail::schemas(&mut schemas);
    Faults::schemas(&mut schemas);
    schemas.push((Detail::name().into(), Detail::schema()));
    schemas.push((Faults::name().into(), Faults::schema()));
    let components = api.components.get_or_insert_default();
    components.schemas.extend(schemas);
    api
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let PathItem { get, put, post, delete, .. } = item;
    [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn complete(operation: &mut Operation, path: &str, method: &HttpMethod) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            without_null(parameter);
        }
    }
    describe(operation);
    let mut add = |status: &str, why: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.into()).or_insert_with(|| RefOr::T(problem(why)));
    };
    add("400", "Malformed request");
    add("421", "The Host header names another server");
    add("431", "The headers are longer than 16 KiB");
    if *method != HttpMethod::Get {
        add("403", "The request comes from a page of a foreign origin, or the server is read-only");
    }
    if operation.request_body.is_some() {
        add("408", "The body did not arrive within 10 s");
    }
    let touches_store = ["/get", "/set", "/status", "/keys", "/healthz", "/recover"];
    if touches_store.iter().any(|prefix| path.starts_with(prefix)) {
        add("500", "The table is corrupt, or the kernel refused");
        let busy = problem("No store is open, or its lock was not free in time");
        let busy = with_retry_after(busy);
        operation.responses.responses.insert("503".into(), RefOr::T(busy));
    }
}

/// A header or a part of a query is there or not; it is never null.
fn without_null(parameter: &mut Parameter) {
    let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema else { return };
    let SchemaType::Array(types) = &mut object.schema_type else { return };
    types.retain(|kind| *kind != Type::Null);
    if types.len() == 1 {
        object.schema_type = SchemaType::Type(types.remove(0));
    }
}

/// Every response has a description, be it the obvious one.
fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = match status.as_str() {
                "404" => "The key is not there".into(),
                _ => "Done".into(),
            };
        }
    }
}

fn problem(why: &str) -> Response {
    let schema = Ref::from_schema_name(Detail::name());
    let content = Content::builder().schema(Some(schema)).build();
    ResponseBuilder::new().description(why).content("application/json", content).build()
}

fn with_retry_after(mut response: Response) -> Response {
    let mut header = Header::new(Object::with_type(Type::Integer));
    header.description = Some("Seconds after which to try again".into());
    response.headers.insert("Retry-After".into(), header.into());
    response
}

//! `/events` and `/frames`: what happens, while it happens.
//!
//! Idea: a stream is a small state machine that waits for what is next to send.
//! It ends when the server stops, or when its client cannot keep up.
//! Source: HTML standard, "Server-sent events".

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::app::{App, Shared};
use crate::gate::Asker;
use crate::problem::{Detail, Fault, Faults, Problem};
use crate::watch::{ChangeView, EventId, View, write};

/// After how much silence a stream says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// From one frame to the next: thirty in a second.
const FRAME: Duration = Duration::from_millis(33);

/// How long a client waits before it comes back, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// Changes as they come
///
/// Server-sent events. The first is `snapshot`, with what `/status` answers;
/// then comes one `change` for each version. Only where other processes have
/// changed the table several times within a millisecond, one `change` tells what
/// several versions amount to, from `from` to `version`. `gone` says that no
/// store is open, and `snapshot` that one is again. A client that comes back
/// with `Last-Event-ID` gets what it has missed, or a `snapshot` where that is
/// too much; one that reads too slowly is cut off.
#[utoipa::path(
    get, path = "/events", tag = "Live",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event that the client has seen; a version alone is enough")),
    responses(
        (status = 200, body = ChangeView, content_type = "text/event-stream"),
        (status = 422, body = Faults, description = "This server has not sent this Last-Event-ID"),
        (status = 403, body = Detail, description = "A page of a foreign origin asks"),
        (status = 503, body = Detail, description = "Too many streams are open"),
    )
)]
pub async fn events(
    State(app): Shared,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asker.check_near()?;
    let last = match headers.get("last-event-id") {
        // Browsers send an empty one where none was seen.
        Some(id) if !id.is_empty() => Some(parse(id.to_str().unwrap_or_default())?),
        _ => None,
    };
    let joined = app.hub.join(last).ok_or_else(|| {
        Problem::unavailable("too many event streams are open; close one, or try again later")
    })?;
    let first = joined.missed.concat();
    let stream = Stream { app: app.clone(), stop: app.stopping.subscribe(), source: joined.coming };
    Ok(respond(first, stream))
}

fn parse(id: &str) -> Result<EventId, Problem> {
    let wrong = |_| {
        let msg = format!("this server has not sent Last-Event-ID {id:?}");
        Fault::value(["header", "last-event-id"], msg).into()
    };
    id.parse().map_err(wrong)
}

/// The segment as it is now
///
/// Server-sent events for pages: `frame` with everything, then with what is new,
/// at most thirty a second. Slots, bytes of the segment in hexadecimal, the
/// semaphore, and the processes that have the segment mapped. What lies between
/// two frames is left out; see `/events` for every version.
#[utoipa::path(
    get, path = "/frames", tag = "Live",
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 403, body = Detail, description = "A page of a foreign origin asks"),
        (status = 503, body = Detail, description = "Too many streams are open"),
    )
)]
pub async fn frames(State(app): Shared, asker: Asker) -> Result<Response, Problem> {
    asker.check_near()?;
    if app.views.receiver_count() >= app.streams {
        return Err(Problem::unavailable("too many pages are open; close one, or try again later"));
    }
    let mut views = app.views.subscribe();
    let view = views.borrow_and_update().clone();
    let first = write("frame", None, &view.since(None)).to_vec();
    let next = Instant::now() + FRAME;
    let source = Frames { views, sent: view, next };
    Ok(respond(first, Stream { stop: app.stopping.subscribe(), app, source }))
}

/// A stream, and what it waits for.
struct Stream<S> {
    app: Arc<App>,
    stop: watch::Receiver<bool>,
    source: S,
}

/// Where a stream's bytes come from.
trait Source: Send + 'static {
    /// The next bytes; `None` at the end.
    fn next(&mut self, app: &App) -> impl Future<Output = Option<Bytes>> + Send;
}

impl Source for Receiver<Bytes> {
    async fn next(&mut self, app: &App) -> Option<Bytes> {
        match self.recv().await {
            Ok(bytes) => Some(bytes),
            Err(RecvError::Lagged(_)) => {
                app.metrics.client_was_cut_off();
                None
            }
            Err(RecvError::Closed) => None,
        }
    }
}

/// What a page has been sent, and what there is now.
struct Frames {
    views: watch::Receiver<Arc<View>>,
    sent: Arc<View>,
    next: Instant,
}

impl Source for Frames {
    async fn next(&mut self, _app: &App) -> Option<Bytes> {
        // Last of all waits: a change that was noticed is sent, even if this is
        // cancelled, as the heartbeat does, while it waits.
        sleep_until(self.next).await;
        self.views.changed().await.ok()?;
        self.next = Instant::now() + FRAME;
        let view = self.views.borrow_and_update().clone();
        let frame = write("frame", None, &view.since(Some(&self.sent)));
        self.sent = view;
        Some(frame)
    }
}

impl<S: Source> Stream<S> {
    /// What comes next, or a comment to show that the stream is alive.
    async fn next(mut self) -> Option<(Result<Bytes, std::convert::Infallible>, Self)> {
        let bytes = tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => None,
            next = timeout(HEARTBEAT, self.source.next(&self.app)) => match next {
                Ok(next) => next,
                Err(_) => Some(Bytes::from_static(b":\n\n")),
            },
        };
        Some((Ok(bytes?), self))
    }
}

fn respond<S: Source>(first: Vec<u8>, stream: Stream<S>) -> Response {
    let start = Some([RETRY.as_bytes(), &first].concat());
    let stream = unfold((start, stream), |(start, stream)| async move {
        match start {
            Some(start) => Some((Ok(Bytes::from(start)), (None, stream))),
            None => {
                let (bytes, stream) = stream.next().await?;
                Some((bytes, (None, stream)))
            }
        }
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(stream)).into_response()
}

//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::door::Door;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::watch::{Hub, View};

/// The server's state.
pub struct App {
    /// The way to the store.
    pub door: Door,
    /// What has happened, for those who follow.
    pub hub: Hub,
    /// How things are, for pages.
    pub views: watch::Sender<Arc<View>>,
    /// True once the server stops: streams end.
    pub stopping: watch::Sender<bool>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// How long a request's body may take to arrive.
    pub patience: Duration,
    /// Streams of events, and of frames, at a time.
    pub streams: usize,
    /// Whether changes are refused.
    pub read_only: bool,
}

impl App {
    /// The state of a server that has just started.
    pub fn new(
        door: Door,
        metrics: Arc<Metrics>,
        patience: Duration,
        limits: Limits,
        read_only: bool,
    ) -> Self {
        let starting = "the server is just starting".to_owned();
        let (views, _) = watch::channel(Arc::new(View::nothing(starting.clone())));
        let (stopping, _) = watch::channel(false);
        let (hub, streams) = (Hub::new(starting, limits.streams), limits.streams);
        Self { door, hub, views, stopping, metrics, patience, streams, read_only }
    }
}

/// The state as handlers receive it.
pub type Shared = axum::extract::State<Arc<App>>;

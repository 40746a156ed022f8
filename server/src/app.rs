//! What all requests share.

use std::sync::Arc;

use crate::door::Door;
use crate::metrics::Metrics;

/// The server's state.
pub struct App {
    /// The way to the store.
    pub door: Door,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// How long a request's body may take to arrive.
    pub patience: std::time::Duration,
    /// Whether changes are refused.
    pub read_only: bool,
}

/// The state as handlers receive it.
pub type Shared = axum::extract::State<Arc<App>>;

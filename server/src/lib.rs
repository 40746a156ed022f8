//! The key-value store in shared memory, over HTTP: a REST API, live events,
//! and a page that shows the memory itself.
//!
//! Read in this order: [`door`] is how requests reach the store without ever
//! waiting on a thread that others need; [`gate`] is who may ask; [`routes`] is
//! what can be asked; [`watch`] is how changes are noticed and
//! told; [`page`] is what a person sees; [`serve`] holds the connections, in
//! [`places`] of which there are as many as the [`limits`] of the system allow.
#![warn(missing_docs)]
#![deny(unsafe_code)]

pub mod app;
pub mod door;
pub mod gate;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod options;
pub mod page;
pub mod places;
pub mod problem;
pub mod request;
pub mod routes;
pub mod serve;
pub mod stall;
pub mod watch;
pub mod wire;

pub use options::Options;
pub use serve::run;

//! The API, as programs of any language see it: the built server, asked over
//! TCP.

mod conditions;
mod events;
mod frames;
mod kill;
mod life;
mod limits;
mod lock;
mod openapi;
mod origins;
mod page;
mod seed;
#[path = "../support/mod.rs"]
mod support;

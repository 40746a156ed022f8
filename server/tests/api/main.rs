//! The API, as programs of any language see it: the built server, asked over
//! TCP.

mod conditions;
mod events;
mod exhaustion;
mod frames;
mod kill;
mod life;
mod limits;
mod lock;
mod openapi;
mod origins;
mod owners;
mod page;
mod recovery;
mod seed;
mod strict;
#[path = "../support/mod.rs"]
mod support;

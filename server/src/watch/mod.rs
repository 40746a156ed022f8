//! Watching the store: every change, told to all who follow it.
//!
//! Idea: one thread waits for the table to change, looks at it, and tells what
//! is new in two ways. [`Hub`] keeps *events*: what happened, version by
//! version, none left out, for programs that keep a copy. [`View`] is *how it is*
//! at this moment, memory included, for pages; who is slow skips some.
//! Limits: of another process's changes that come within a millisecond, only
//! what they amount to is known.

mod census;
mod changes;
mod event;
mod hub;
mod processes;
mod view;
mod watcher;

pub use changes::{Change, ChangeView};
pub use event::{Event, EventId, write};
pub use hub::{Hub, Joined};
pub use processes::{Mapper, Waits};
pub use view::{Delta, Holder, LockState, View};
pub use watcher::Watcher;

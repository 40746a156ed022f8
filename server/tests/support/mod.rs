//! What the tests of the server share: a server of their own, and a client that
//! sends exactly what it is told.

#![allow(dead_code, unused_imports)] // each test program uses a part

mod events;
mod http;
mod server;

pub use events::{Event, Events};
pub use http::{Client, Response, request};
pub use server::{Server, holder, open};

use std::time::{Duration, Instant};

/// Longer than anything here should take, and than any pause of the machine.
pub const LONG: Duration = Duration::from_secs(30);

/// Asks `ready` again and again until it says yes.
///
/// # Panics
/// When it has said no for [`LONG`].
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < LONG, "still waiting for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

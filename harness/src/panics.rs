//! Panics, caught with their message and place.
//!
//! Idea: `catch_unwind` alone gives the message without the place; the panic
//! hook is told both.
//! Limits: the hook belongs to the whole process, so this is for processes with
//! one thread. With `panic = "abort"` nothing can be caught.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work`. `Err` is the message and place of its panic, which is not printed.
pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|info| LAST.set(message_and_place(info))));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    result.map_err(|_| LAST.take())
}

/// `index out of bounds: the len is 1 but the index is 1, at src/table.rs:12:9`.
pub(crate) fn message_and_place(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    match info.location() {
        Some(place) => format!("{message}, at {place}"),
        None => message.to_owned(),
    }
}

/// Whether this is core's own panic after one that met a function that cannot
/// unwind, or a destructor. It says nothing that the first one did not.
pub(crate) fn follows_another(info: &PanicHookInfo<'_>) -> bool {
    info.location().is_some_and(|place| place.file().ends_with("core/src/panicking.rs"))
}

//! Page one: two processes count a visit each, and the count is one.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv_harness::{Grade, Scenario, shared};

shared! {
    /// What the two processes share.
    pub struct Page {
        /// How often the page was visited.
        pub visits: AtomicU64,
    }
}

// ANCHOR: body
fn count_visit(page: &Page) {
    let seen = page.visits.load(Relaxed);
    page.visits.store(seen + 1, Relaxed);
}
// ANCHOR_END: body

/// Two processes, one visit each.
pub fn scenario() -> Scenario<Page> {
    Scenario::new("two visits", |_: &Page| {})
        .process("a", count_visit)
        .process("b", count_visit)
        .outcome(|end| format!("visits = {}", end.shared.visits.load(Relaxed)))
        .invariant("both visits are counted", |end| match end.shared.visits.load(Relaxed) {
            2 => Ok(()),
            visits => Err(format!("visits is {visits}")),
        })
}

/// The same, with its outcomes graded, for a table of how often each was seen.
pub fn graded() -> Scenario<Page> {
    scenario().expect("visits = 2", Grade::Acceptable, "both were counted").expect(
        "visits = 1",
        Grade::Forbidden,
        "one was lost",
    )
}

//! Counters, and the page `/metrics` that shows them.
//!
//! Idea: a few rows of atomics that are added to without a lock.
//! Source: the Prometheus text format, version 0.0.4.
//! Limits: the counters begin at 0 when the server starts.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A value was read.
    Get,
    /// A pair was set.
    Set,
    /// A key was removed.
    Delete,
    /// The whole table was read.
    Snapshot,
    /// The store was recovered.
    Recover,
}

const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Get, "get"),
    (Operation::Set, "set"),
    (Operation::Delete, "delete"),
    (Operation::Snapshot, "snapshot"),
    (Operation::Recover, "recover"),
];

/// Results by the status that they are answered with.
const RESULTS: [(u16, &str); 9] = [
    (200, "ok"),
    (404, "not_found"),
    (409, "in_use"),
    (412, "precondition_failed"),
    (413, "too_long"),
    (422, "invalid"),
    (503, "unavailable"),
    (507, "full"),
    (500, "error"),
];

/// Upper bounds of the histogram of lock waits, in microseconds.
const BOUNDS: [u64; 10] = [1, 10, 50, 100, 500, 1_000, 5_000, 50_000, 500_000, 5_000_000];

/// All counters.
#[derive(Default)]
pub struct Metrics {
    results: [[AtomicU64; RESULTS.len()]; OPERATIONS.len()],
    /// By bound, and beyond the last.
    waits: [AtomicU64; BOUNDS.len() + 1],
    waited_us: AtomicU64,
    clients_cut_off: AtomicU64,
}

/// What is shown beside the counters.
pub struct Gauges {
    /// The open store's version and number of entries.
    pub table: Option<(u32, usize)>,
    /// Operations in the queue before the lock.
    pub queued: usize,
    /// Open event streams.
    pub streams: usize,
}

impl Metrics {
    // Relaxed, everywhere here: each number stands for itself.

    /// Counts an operation that ended with `status`.
    pub fn count(&self, operation: Operation, status: u16) {
        let row = OPERATIONS.iter().position(|(found, _)| *found == operation);
        let column = RESULTS.iter().position(|(found, _)| *found == status);
        let row = row.expect("every operation has a row");
        self.results[row][column.unwrap_or(RESULTS.len() - 1)].fetch_add(1, Relaxed);
    }

    /// Counts an operation whose first tries found the lock free.
    pub fn lock_was_free(&self) {
        self.waits[0].fetch_add(1, Relaxed);
    }

    /// Counts an operation that had to wait.
    pub fn lock_was_waited_for(&self, waited: Duration) {
        let waited_us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| waited_us <= *bound);
        self.waits[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Relaxed);
        self.waited_us.fetch_add(waited_us, Relaxed);
    }

    /// Counts a client that was cut off because it was too slow.
    pub fn client_was_cut_off(&self) {
        self.clients_cut_off.fetch_add(1, Relaxed);
    }

    /// The text that Prometheus reads.
    pub fn render(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = self.render_into(&mut text, gauges);
        text
    }

    fn render_into(&self, text: &mut String, gauges: &Gauges) -> std::fmt::Result {
        let name = "shmkv_operations_total";
        head(text, name, "counter", "Operations on the store, by kind and result.")?;
        for ((_, operation), row) in OPERATIONS.iter().zip(&self.results) {
            for ((_, result), count) in RESULTS.iter().zip(row) {
                let count = count.load(Relaxed);
                writeln!(text, "{name}{{operation=\"{operation}\",result=\"{result}\"}} {count}")?;
            }
        }
        self.render_waits(text)?;
        single(text, "shmkv_store_open", "gauge", "Whether a store is open.", {
            usize::from(gauges.table.is_some())
        })?;
        if let Some((version, entries)) = gauges.table {
            single(text, "shmkv_version", "gauge", "Changes of the table, modulo 2^32.", version)?;
            single(text, "shmkv_entries", "gauge", "Occupied slots.", entries)?;
        }
        let help = "All slots.";
        single(text, "shmkv_capacity", "gauge", help, shmkv::CAPACITY)?;
        let help = "Operations of this server that wait for the lock.";
        single(text, "shmkv_lock_queue", "gauge", help, gauges.queued)?;
        let help = "Open event streams.";
        single(text, "shmkv_event_streams", "gauge", help, gauges.streams)?;
        let help = "Clients cut off because they were too slow.";
        let cut_off = self.clients_cut_off.load(Relaxed);
        single(text, "shmkv_clients_cut_off_total", "counter", help, cut_off)
    }

    fn render_waits(&self, text: &mut String) -> std::fmt::Result {
        let name = "shmkv_lock_wait_seconds";
        let help = "Time until the lock was had or given up; 0 where it was free.";
        head(text, name, "histogram", help)?;
        let mut total = 0;
        for (bound, count) in BOUNDS.iter().zip(&self.waits) {
            total += count.load(Relaxed);
            writeln!(text, "{name}_bucket{{le=\"{}\"}} {total}", *bound as f64 / 1e6)?;
        }
        total += self.waits[BOUNDS.len()].load(Relaxed);
        writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {total}")?;
        writeln!(text, "{name}_sum {}", self.waited_us.load(Relaxed) as f64 / 1e6)?;
        writeln!(text, "{name}_count {total}")
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn single(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    value: impl std::fmt::Display,
) -> std::fmt::Result {
    head(text, name, kind, help)?;
    writeln!(text, "{name} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAUGES: Gauges = Gauges { table: Some((7, 2)), queued: 0, streams: 0 };

    #[test]
    fn operations_are_counted_by_kind_and_result() {
        let metrics = Metrics::default();
        metrics.count(Operation::Get, 200);
        metrics.count(Operation::Get, 404);
        metrics.count(Operation::Set, 418);
        let text = metrics.render(&GAUGES);
        for line in [
            "shmkv_operations_total{operation=\"get\",result=\"ok\"} 1",
            "shmkv_operations_total{operation=\"get\",result=\"not_found\"} 1",
            "shmkv_operations_total{operation=\"set\",result=\"error\"} 1",
            "shmkv_version 7",
            "shmkv_entries 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
    }

    #[test]
    fn histogram_is_cumulative() {
        let metrics = Metrics::default();
        metrics.lock_was_free();
        metrics.lock_was_waited_for(Duration::from_micros(10));
        metrics.lock_was_waited_for(Duration::from_secs(6));
        let text = metrics.render(&GAUGES);
        for line in [
            "shmkv_lock_wait_seconds_bucket{le=\"0.000001\"} 1",
            "shmkv_lock_wait_seconds_bucket{le=\"0.00001\"} 2",
            "shmkv_lock_wait_seconds_bucket{le=\"5\"} 2",
            "shmkv_lock_wait_seconds_bucket{le=\"+Inf\"} 3",
            "shmkv_lock_wait_seconds_sum 6.00001",
            "shmkv_lock_wait_seconds_count 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
    }
}

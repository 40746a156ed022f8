//! The store under the simulator: every access to a table is a step, all
//! schedules with a few preemptions are run, and a process is killed at each
//! step.
//!
//! Where the machine cannot simulate, the tests are ignored, and say why; under CI they fail.

use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Trial};
use shmkv::{Corruption, Deadline, KeyValue, StoreError, Table, Trailer, recover_alone};
use shmkv_harness::sim::{Search, SimError, explore};
use shmkv_harness::{End, Scenario, Shared, Verdict, shared};

/// A test; it fails by panicking, or by an error where it cannot be run.
type Test = fn() -> Result<(), SimError>;

const TESTS: [(&str, Test); 4] = [
    ("change_wakes_every_waiter", change_wakes_every_waiter),
    ("writers_and_a_reader_keep_every_invariant", writers_and_a_reader_keep_every_invariant),
    ("writer_killed_at_any_step_leaves_whole_entries", writer_killed_leaves_whole_entries),
    ("kills_of_a_writer_and_of_a_recovery_lose_nothing", kills_of_both_lose_nothing),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One thread: the simulator forks.
    arguments.test_threads = Some(1);
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let trials = TESTS.map(|(name, test)| {
        Trial::ignorable_test(name, move || match test() {
            Ok(()) => Ok(Completion::Completed),
            Err(error @ SimError::Unsupported { .. }) if !required => {
                Ok(Completion::ignored_with(error))
            }
            Err(error) => Err(error.into()),
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

/// Runs a search that is to find nothing.
fn holds<T: Shared>(scenario: &Scenario<T>, search: &Search) -> Result<(), SimError> {
    let report = explore(scenario, search)?;
    let failure = report.failure.as_ref();
    let shown = failure.map(|failure| format!("{}\n{}", failure.schedule, failure.timeline));
    assert_eq!(report.verdict, Verdict::Held, "{report}\n{}", shown.unwrap_or_default());
    assert!(report.complete, "{report}");
    Ok(())
}

shared! {
    /// A table, and beside it what tells whether anybody waits, as in a segment.
    struct Announced {
        table: Table,
        trailer: Trailer,
        done: AtomicU32,
        untouched: AtomicU32,
    }
}

impl KeyValue for Announced {
    fn table(&self) -> &Table {
        &self.table
    }

    fn trailer(&self) -> Option<&Trailer> {
        Some(&self.trailer)
    }
}

/// Less than the longest sleep of a waiter, 25 ms.
const PAUSE: Duration = Duration::from_millis(5);

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

/// Schedule: two wait for each change, and once more in vain; a third changes
/// the table once or twice, and then waits in vain for less than a waiter
/// sleeps. A simulated wait times out when nothing else can run. Forbidden: a
/// waiter that has not seen all changes by then, as nobody woke it.
///
/// Without the wake-up in `announce`, one preemption is enough to lose one.
fn change_wakes_every_waiter() -> Result<(), SimError> {
    for (changes, preemptions) in [(1, 2), (2, 1)] {
        let scenario = Scenario::new("waiters", |state: &Announced| state.table.init())
            .processes(2, "waiter", move |_, state| {
                let mut seen = 0;
                while seen != changes {
                    let changed = state.wait_for_change(seen, Deadline::after(LONG));
                    seen = changed.expect("futex works").expect("a change comes");
                }
                state.done.fetch_add(1, Relaxed);
                state.wait_for_change(seen, Deadline::after(2 * PAUSE)).expect("futex works");
            })
            .process("changer", move |state| {
                for _ in 0..changes {
                    state.clear().expect("the lock comes free");
                }
                wait_in_vain(&state.untouched);
                state.done.load(Relaxed)
            })
            .invariant("every waiter is woken", |end| match end.returned(2) {
                Some("2") => Ok(()),
                woken => Err(format!("{} of 2 were woken", woken.unwrap_or("?"))),
            });
        holds(&scenario, &Search::exhaustive(preemptions))?;
    }
    Ok(())
}

/// Waits for [`PAUSE`] on a word that stays 0: until nothing else can run.
fn wait_in_vain(word: &AtomicU32) {
    let pause = libc::timespec { tv_sec: 0, tv_nsec: PAUSE.as_nanos() as i64 };
    // SAFETY: `word` is a live, aligned 32-bit word, and `pause` lives until the
    // call returns; the kernel, or the simulator, only reads both.
    let result = unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, 0, &raw const pause)
    };
    assert_eq!(result, -1, "nobody wakes who waits here");
}

/// Schedule: two set the same new key, a third takes a snapshot. Forbidden: two
/// slots with the key, a wrong count, a version that was not counted, a mixture
/// of the values.
fn writers_and_a_reader_keep_every_invariant() -> Result<(), SimError> {
    let scenario = Scenario::new("writers", Table::init)
        .processes(2, "writer", |number, table: &Table| {
            table.set("the key", whole(number)).expect("there is room");
        })
        .process("reader", |table| {
            let snapshot = table.entries().expect("the table is whole");
            snapshot.entries.iter().all(|entry| is_whole(&entry.value))
        })
        .invariant("a snapshot is of one moment", |end| match end.returned(2) {
            Some("true") => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .invariant("the table is whole, and counts both changes", |end| {
            let snapshot = end.shared.entries().map_err(|error| error.to_string())?;
            match (snapshot.version, &snapshot.entries[..]) {
                (2, [entry]) if is_whole(&entry.value) => Ok(()),
                _ => Err(format!("{snapshot:?}")),
            }
        });
    holds(&scenario, &Search::exhaustive(1))
}

/// Schedule: one replaces a value, inserts a key and deletes another, and is
/// killed at each of its steps in turn; then somebody posts for it. Allowed:
/// whole entries, and a count that is one off. Forbidden: anything else.
fn writer_killed_leaves_whole_entries() -> Result<(), SimError> {
    let setup = |table: &Table| {
        table.init();
        table.set("replaced", whole(0)).expect("there is room");
        table.set("deleted", whole(0)).expect("there is room");
    };
    let scenario = Scenario::new("killed writer", setup)
        .process("writer", |table| {
            table.set("replaced", whole(1)).expect("the lock is free");
            table.set("a key of several words", whole(1)).expect("there is room");
            table.delete("deleted").expect("it is there");
        })
        .recovery(|table| {
            if table.sem.value() == 0 {
                table.sem.post().expect("it was taken once");
            }
        })
        .invariant("what can be seen is whole", what_can_be_seen_is_whole);
    holds(&scenario, &Search::exhaustive(0).with_kills())
}

fn what_can_be_seen_is_whole(end: &End<'_, Table>) -> Result<(), String> {
    match end.shared.entries() {
        Ok(_) => {}
        Err(StoreError::Corrupt(Corruption::Count { count, occupied }))
            if count.abs_diff(occupied) == 1 => {}
        Err(error) => return Err(error.to_string()),
    }
    for key in ["replaced", "deleted", "a key of several words"] {
        match end.shared.get(key) {
            Ok(value) if is_whole(&value) => {}
            Err(StoreError::NotFound { .. }) => {}
            other => return Err(format!("{key}: {other:?}")),
        }
    }
    Ok(())
}

shared! {
    /// A table with what lies behind it, as in a segment.
    struct Paged {
        table: Table,
        trailer: Trailer,
    }
}

impl KeyValue for Paged {
    fn table(&self) -> &Table {
        &self.table
    }

    fn trailer(&self) -> Option<&Trailer> {
        Some(&self.trailer)
    }
}

impl Paged {
    /// Recovers if the lock is held: by a dead process, where no other is left.
    fn recover(&self) {
        if self.table.sem.value() == 0 {
            recover_alone(self);
        }
    }
}

/// Schedule: one replaces a value of three words, and is killed at each of its steps
/// in turn; one recovers, and is killed at each of its steps in turn; then it is done
/// once more. Allowed: the value before or after. Forbidden: anything else.
fn kills_of_both_lose_nothing() -> Result<(), SimError> {
    let setup = |state: &Paged| {
        state.table.init();
        state.set("a key of several words", whole(0)).expect("there is room");
    };
    let scenario = Scenario::new("killed writer and recovery", setup)
        .process("writer", |state| {
            state.set("a key of several words", whole(1)).expect("the lock is free");
        })
        .recovery(Paged::recover)
        .invariant("nothing is lost", |end| {
            end.shared.recover();
            let snapshot = end.shared.entries().map_err(|error| error.to_string())?;
            match &snapshot.entries[..] {
                [entry] if is_whole(&entry.value) => Ok(()),
                entries => Err(format!("{entries:?}")),
            }
        });
    holds(&scenario, &Search { kills: 2, ..Search::exhaustive(0) })
}

/// A value of three words, all of one letter.
fn whole(number: usize) -> [u8; 20] {
    [b'a' + number as u8; 20]
}

fn is_whole(value: &[u8]) -> bool {
    value == whole(0) || value == whole(1)
}

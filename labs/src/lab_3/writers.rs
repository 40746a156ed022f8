//! Lab 3: writers that read, add one, and write back.
//!
//! Idea: reading under the lock and writing under the lock leaves a gap between
//! the two. A set that names the version that was read closes it: where another
//! was faster, nothing is written, and the writer reads again.
//! Limits: whoever is slow is told so again and again; but each time somebody
//! else has got on.

use shmkv_harness::Scenario;

use crate::explore::{Case, Claim};
use crate::lab_3::Table;
use crate::table::{Value, key, number, number_in, whole};

/// How a writer writes what it has computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Whatever has happened since it read.
    Blindly,
    /// If nothing has happened since it read; else it begins anew.
    IfUnchanged,
}

impl Writing {
    /// Both of them, the wrong one first.
    pub const ALL: [Self; 2] = [Self::Blindly, Self::IfUnchanged];
}

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    let case =
        |name, claim, writing| Case { name, claim, scenario: Box::new(scenario(writing, 2, 1)) };
    vec![
        case("read-then-set", Claim::Fails, Writing::Blindly),
        case("compare-and-set", Claim::Holds, Writing::IfUnchanged),
    ]
}

/// Writers that each add one to the number at key 0, so many `times`.
pub fn scenario(writing: Writing, processes: usize, times: u32) -> Scenario<Table> {
    let name = match writing {
        Writing::Blindly => "read, then set",
        Writing::IfUnchanged => "read, then compare-and-set",
    };
    let total = processes as u32 * times;
    Scenario::new(name, |table: &Table| {
        table.init();
        table.set(key(0), number(0));
    })
    .processes(processes, "writer", move |_, table: &Table| {
        (0..times).for_each(|_| add_one(table, writing, total));
    })
    .invariant("no increment is lost", move |end| {
        // A process that was killed may have made none of its increments, and may
        // hold the lock for good; then nobody sees what it left.
        if end.killed() > 0 && end.shared.lock.value() == 0 {
            return Ok(());
        }
        let least = total - end.killed() as u32 * times;
        match count(end.shared.value(key(0))) {
            Some(found) if (least..=total).contains(&found) => Ok(()),
            Some(found) if least == total => Err(format!("{found} after {total} increments")),
            Some(found) => Err(format!("{found} after {least} to {total} increments")),
            None => Err("the value is torn".into()),
        }
    })
}

// ANCHOR: add-one
fn add_one(table: &Table, writing: Writing, total: u32) {
    // Bounded: each time that it fails, one of all increments has succeeded.
    for _ in 0..=total {
        let (version, count) = counter(table);
        let next = number(count + 1);
        match writing {
            Writing::Blindly => return table.set(key(0), next),
            Writing::IfUnchanged if table.compare_and_set(key(0), next, version) => return,
            Writing::IfUnchanged => {}
        }
    }
}
// ANCHOR_END: add-one

/// The version, and the number at key 0.
fn counter(table: &Table) -> (u32, u32) {
    let (version, value) = table.locked(|| table.value(key(0)));
    (version, count(value).expect("a number, written and read under the lock"))
}

/// The number that a value holds; `None` where it is torn.
fn count(value: Option<Value>) -> Option<u32> {
    whole(&value?).ok().and_then(number_in)
}

//! Lab 3: four readers that go by the version, two of them wrong and two right.
//!
//! Idea: a writer sets keys 0 and 1 by turns to the number of the change. So of
//! each version it is known what the values were, and a copy that differs is one
//! that never existed.
//! Limits: that a reader saw nothing wrong in a run proves nothing; the
//! simulator's searches do, within their bounds.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_harness::{Scenario, StressReport};

use crate::explore::{Case, Claim};
use crate::lab_3::Table;
use crate::table::{Value, key, number, number_in, whole};

/// How often a reader without a lock looks before it takes the lock after all:
/// a writer that never rests would keep it waiting for ever.
const TRIES: u32 = 8;

/// How many changes the writer makes while a reader follows.
pub const CHANGES: u32 = 9_999;

/// How often a reader looks at the version before it gives up.
const LOOKS: u32 = 10_000_000;

/// How a reader copies the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// First the version, then the values.
    VersionFirst,
    /// Again and again, until the version is the same before and after.
    SameVersion,
    /// Again and again, until the version is the same before and after, and even.
    EvenVersion,
    /// Under the lock.
    Locked,
}

/// A copy of the table: its version, and the values of keys 0 and 1.
type Copied = (u32, [Option<Value>; 2]);

impl Reading {
    /// All of them, the wrong ones first.
    pub const ALL: [Self; 4] =
        [Self::VersionFirst, Self::SameVersion, Self::EvenVersion, Self::Locked];

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::VersionFirst => "version-first",
            Self::SameVersion => "same-version",
            Self::EvenVersion => "even-version",
            Self::Locked => "locked",
        }
    }

    /// What is claimed of it.
    pub fn claim(self) -> Claim {
        match self {
            Self::VersionFirst | Self::SameVersion => Claim::Fails,
            Self::EvenVersion | Self::Locked => Claim::Holds,
        }
    }

    // ANCHOR: copy
    // ANCHOR: version-first
    fn copy(self, table: &Table) -> Copied {
        let values = || [table.value(key(0)), table.value(key(1))];
        match self {
            Self::VersionFirst => (table.version.load(Relaxed), values()),
            // ANCHOR_END: version-first
            Self::SameVersion => {
                let twice = || {
                    let before = table.version.load(Relaxed);
                    let values = values();
                    (table.version.load(Relaxed) == before).then_some((before, values))
                };
                (0..TRIES).find_map(|_| twice()).unwrap_or_else(|| table.locked(values))
            }
            Self::EvenVersion => (0..TRIES)
                .find_map(|_| table.settled(values))
                .unwrap_or_else(|| table.locked(values)),
            Self::Locked => table.locked(values),
        }
    }
    // ANCHOR_END: copy
}

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    let case = |reading: Reading| Case {
        name: reading.name(),
        claim: reading.claim(),
        scenario: Box::new(scenario(reading, 1, 1)),
    };
    Reading::ALL.map(case).into()
}

/// A writer that makes so many `changes`, and a reader that makes so many
/// `copies`.
pub fn scenario(reading: Reading, changes: u32, copies: u32) -> Scenario<Table> {
    writer(&format!("a reader: {}", reading.name()), changes)
        .process("reader", move |table: &Table| {
            let impossible = (0..copies).find_map(|_| existed(&reading.copy(table)).err());
            impossible.unwrap_or_else(|| "copies of what was".into())
        })
        .invariant("every copy is of one moment", |end| match end.returned(1) {
            None | Some("copies of what was") => Ok(()),
            Some(impossible) => Err(impossible.into()),
        })
}

/// The same writer, and a reader that learns of changes from the version alone.
/// It returns how many versions it saw.
pub fn follower(changes: u32) -> Scenario<Table> {
    writer("a reader that follows the version", changes)
        .process("reader", move |table: &Table| {
            let (mut last, mut seen) = (0, 0);
            for _ in 0..LOOKS {
                let version = table.version.load(Relaxed) & !1;
                if version != last {
                    (last, seen) = (version, seen + 1);
                }
                if last == 2 * changes {
                    return seen.to_string();
                }
            }
            format!("gave up at version {last}")
        })
        .invariant("the last change is seen", |end| match end.returned(1) {
            Some(text) if text.starts_with("gave up") => Err(text.into()),
            _ => Ok(()),
        })
}

/// The least and the most versions that a follower saw in the rounds of a run.
pub fn versions_seen(run: &StressReport) -> (u32, u32) {
    let seen = || run.outcomes.iter().filter_map(|row| row.outcome.parse().ok());
    (seen().min().unwrap_or(0), seen().max().unwrap_or(0))
}

fn writer(name: &str, changes: u32) -> Scenario<Table> {
    Scenario::new(name, |table: &Table| {
        table.init();
        (0..2).for_each(|k| table.set(key(k), number(0)));
        table.version.store(0, Relaxed);
    })
    .process("writer", move |table: &Table| {
        (1..=changes).for_each(|change| table.set(key(change as usize % 2), number(change)));
    })
    .outcome(|end| end.returned(1).unwrap_or("no answer").into())
}

/// Whether the table was ever like this; `Err` says what it is instead.
fn existed((version, values): &Copied) -> Result<(), String> {
    let changes = version / 2;
    // The last change set the key whose turn it was, and the one before the other.
    let expected = |key: u32| match changes % 2 == key {
        true => changes,
        false => changes.saturating_sub(1),
    };
    let mut found = [0, 0];
    for (key, value) in (0..).zip(values) {
        let value = value.ok_or_else(|| format!("version {version} without key {key}"))?;
        let word = whole(&value).map_err(|torn| format!("version {version} with {torn}"))?;
        let number = number_in(word);
        found[key as usize] =
            number.ok_or_else(|| format!("version {version} with a foreign value"))?;
    }
    if found == [expected(0), expected(1)] {
        Ok(())
    } else {
        Err(format!("version {version} with values {} and {}", found[0], found[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(version: u32, values: [u32; 2]) -> Copied {
        (version, values.map(|value| Some([number(value); 4])))
    }

    #[test]
    fn what_existed_is_told_from_what_did_not() {
        for (version, values) in [(0, [0, 0]), (2, [0, 1]), (4, [2, 1]), (6, [2, 3])] {
            assert_eq!(existed(&copied(version, values)), Ok(()), "{version}");
        }
        let error = existed(&copied(4, [2, 3])).expect_err("the third change is not in it");
        assert_eq!(error, "version 4 with values 2 and 3");
    }
}

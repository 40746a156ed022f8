//! What a run says about a scenario.

use std::fmt;

use serde::Serialize;

/// A process that waits, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiter {
    /// The process that waits.
    pub process: String,
    /// The field that it waits on.
    pub field: String,
    /// Who holds what it waits for, where this can be known.
    pub held_by: Option<String>,
}

/// What a run says about a scenario: whether its invariants held, and if not,
/// what happened instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// All processes ended, and every invariant held.
    Held,
    /// All processes ended, and an invariant did not hold or a forbidden
    /// outcome was seen.
    Violated {
        /// The invariant's own words, or "outcome".
        invariant: String,
        /// What was found.
        detail: String,
    },
    /// Every process that is left waits for another.
    Deadlock {
        /// Who waits for what.
        waiters: Vec<Waiter>,
    },
    /// Processes go on making steps, and none gets anywhere.
    Livelock {
        /// After how many steps the run was given up.
        steps: u64,
    },
    /// A process ended by a signal that the harness did not send, or called
    /// `exit` before its body returned.
    Crashed {
        /// The process.
        process: String,
        /// The signal's name, or `exit(STATUS)`.
        cause: String,
        /// `file:line` of the faulting instruction, where it is known.
        location: Option<String>,
    },
    /// A process panicked.
    Panicked {
        /// The process.
        process: String,
        /// The panic's message and place.
        message: String,
    },
    /// A process did not end in time and was killed.
    TimedOut {
        /// The process.
        process: String,
        /// How long the harness waited, in milliseconds.
        after_ms: u64,
    },
    /// A process or a segment was left behind. It has been removed.
    Leaked {
        /// What was left.
        what: String,
    },
}

impl Verdict {
    /// Whether this is [`Verdict::Held`].
    pub fn held(&self) -> bool {
        *self == Self::Held
    }

    /// The verdict in one or two words: `held`, `violated`, `deadlock`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Violated { .. } => "violated",
            Self::Deadlock { .. } => "deadlock",
            Self::Livelock { .. } => "livelock",
            Self::Crashed { .. } => "crashed",
            Self::Panicked { .. } => "panicked",
            Self::TimedOut { .. } => "timed out",
            Self::Leaked { .. } => "leaked",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Held => Ok(()),
            Self::Violated { invariant, detail } => write!(f, ": {invariant}: {detail}"),
            Self::Deadlock { waiters } => {
                for (i, waiter) in waiters.iter().enumerate() {
                    let lead = if i == 0 { ":" } else { ";" };
                    write!(f, "{lead} {} waits on {}", waiter.process, waiter.field)?;
                    if let Some(owner) = &waiter.held_by {
                        write!(f, ", held by {owner}")?;
                    }
                }
                Ok(())
            }
            Self::Livelock { steps } => write!(f, ": given up after {steps} steps"),
            Self::Crashed { process, cause, location } => {
                write!(f, ": {process} ended by {cause}")?;
                location.as_ref().map_or(Ok(()), |place| write!(f, " at {place}"))
            }
            Self::Panicked { process, message } => write!(f, ": {process}: {message}"),
            Self::TimedOut { process, after_ms } => {
                write!(f, ": {process} had not ended after {after_ms} ms")
            }
            Self::Leaked { what } => write!(f, ": {what} was left behind"),
        }
    }
}

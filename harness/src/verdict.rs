//! What a run says about a scenario.

use std::fmt;

use serde::Serialize;

use crate::thousands;

/// A process that waits, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiter {
    /// The process that waits.
    pub process: String,
    /// The field that it waits on.
    pub field: String,
    /// Who holds what it waits for, where this can be known.
    pub held_by: Option<String>,
    /// Whether that one has ended, and can give nothing back.
    pub holder_ended: bool,
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
    /// Processes go on making steps, and none gets anywhere: the state repeats, or at
    /// least the last half of the steps repeated what had been done before, on the
    /// same shared bytes.
    Livelock {
        /// The last step that was a new one, from 1.
        new_until: u64,
        /// After how many steps the run was given up.
        steps: u64,
        /// The processes that are in a state in which they were before, and which
        /// nobody can change any more. None where that is not known; the run was then
        /// given up at the search's step limit.
        loopers: Vec<String>,
    },
    /// Processes still made new steps when the limit of steps was reached.
    OutOfSteps {
        /// The search's step limit.
        limit: u64,
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
        /// What these milliseconds were.
        of: Measured,
    },
    /// A process or a segment was left behind. It has been removed.
    Leaked {
        /// What was left.
        what: String,
    },
}

/// What was measured where a process did not end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measured {
    /// Real time since the round began. A busy machine can use it up, too.
    RealTime,
    /// Processor time that the process itself used, without a step.
    ProcessorTime,
    /// Time in which it slept in the kernel, in a wait that the simulator does not
    /// see.
    Sleep,
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
            Self::OutOfSteps { .. } => "out of steps",
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
                    match &waiter.held_by {
                        Some(owner) if waiter.holder_ended => {
                            write!(f, ", taken by {owner}, which has ended")?;
                        }
                        Some(owner) => write!(f, ", held by {owner}")?,
                        None => {}
                    }
                }
                Ok(())
            }
            Self::Livelock { new_until, loopers, .. } if !loopers.is_empty() => {
                let verb = if loopers.len() == 1 { "repeats its" } else { "repeat their" };
                let (names, step) = (loopers.join(" and "), thousands(*new_until));
                write!(f, ": {names} {verb} steps for ever; nothing is new after step {step}")
            }
            Self::Livelock { new_until, steps, .. } => write!(
                f,
                ": nothing new after step {}; given up at the limit of {} steps",
                thousands(*new_until),
                thousands(*steps)
            ),
            Self::OutOfSteps { limit } => write!(
                f,
                ": not at an end after {} steps; raise the step limit to go on",
                thousands(*limit)
            ),
            Self::Crashed { process, cause, location } => {
                write!(f, ": {process} ended by {cause}")?;
                location.as_ref().map_or(Ok(()), |place| write!(f, " at {place}"))
            }
            Self::Panicked { process, message } => write!(f, ": {process}: {message}"),
            Self::TimedOut { process, after_ms, of } => match of {
                Measured::RealTime => {
                    write!(f, ": {process} had not ended after {after_ms} ms of real time")
                }
                Measured::ProcessorTime => {
                    write!(f, ": {process} made no step in {after_ms} ms of processor time")
                }
                Measured::Sleep => write!(
                    f,
                    ": {process} slept in the kernel for {after_ms} ms, in a wait that the \
                     simulator does not see"
                ),
            },
            Self::Leaked { what } => write!(f, ": {what} was left behind"),
        }
    }
}

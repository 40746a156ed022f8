//! What can be wrong with an answer: eleven words, the same in every exercise.
//!
//! Idea: a learner who reads "lost update" three times knows what it means.
//! The harness's verdicts say how a run ended; these say what the mistake was.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The compiler refused it.
    DoesNotCompile,
    /// It ended, and what it returned or left is not what was asked for.
    WrongResult,
    /// A change was made and is gone.
    LostUpdate,
    /// A value was seen that is part of one write and part of another.
    TornValue,
    /// Every process that is left waits for another.
    Deadlock,
    /// Processes go on making steps, and none gets anywhere.
    Livelock,
    /// A process ended before its function returned, or did what is refused.
    Crash,
    /// A process panicked.
    Panic,
    /// A function returned with the lock in its hands.
    LeftLocked,
    /// It had not ended in time.
    TooSlow,
    /// There is no answer yet.
    NotAttempted,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::DoesNotCompile,
        Self::WrongResult,
        Self::LostUpdate,
        Self::TornValue,
        Self::Deadlock,
        Self::Livelock,
        Self::Crash,
        Self::Panic,
        Self::LeftLocked,
        Self::TooSlow,
        Self::NotAttempted,
    ];

    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::DoesNotCompile => "does not compile",
            Self::WrongResult => "wrong result",
            Self::LostUpdate => "lost update",
            Self::TornValue => "torn value",
            Self::Deadlock => "deadlock",
            Self::Livelock => "livelock",
            Self::Crash => "crash",
            Self::Panic => "panic",
            Self::LeftLocked => "left the lock held",
            Self::TooSlow => "too slow",
            Self::NotAttempted => "not attempted",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A text that names no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoFailure(pub String);

impl fmt::Display for NoFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no failure; they are: ", self.0)?;
        let names: Vec<&str> = Failure::ALL.map(Failure::words).into();
        f.write_str(&names.join(", "))
    }
}

impl std::error::Error for NoFailure {}

impl FromStr for Failure {
    type Err = NoFailure;

    fn from_str(text: &str) -> Result<Self, NoFailure> {
        let named = Self::ALL.into_iter().find(|failure| failure.words() == text);
        named.ok_or_else(|| NoFailure(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_back_as_they_are_named() {
        for failure in Failure::ALL {
            assert_eq!(failure.words().parse(), Ok(failure));
        }
        let error = "slow".parse::<Failure>().expect_err("no failure of ours");
        assert!(
            error.to_string().starts_with("\"slow\" is no failure; they are: does not compile")
        );
    }
}

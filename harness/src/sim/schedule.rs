//! Schedules as text: who makes each step, short enough to be typed.
//!
//! `0*12,1*3,0` is twelve steps of process 0, three of process 1, one of process
//! 0; `1!` kills process 1 just before its next step, and before `1~`, a step of
//! process 1, an hour passes on the virtual clock. Where a schedule ends, the process
//! that went last goes on as long as it can, then the next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::limits::{MAX_PROCESSES, MAX_STEPS};
use super::record::Choice;

/// A sequence of choices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Schedule(pub(crate) Vec<Choice>);

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A part is not of the form `P`, `P*N`, `P!` or `P~`.
    #[error("schedule part {number} is {part:?}; expected P, P*N, P! or P~, as in 0*12,1*3,1!,0")]
    Malformed {
        /// Which part, from 1.
        number: usize,
        /// The part.
        part: String,
    },
    /// There are no so many processes.
    #[error("schedule part {number} names process {process}; the last possible one is {last}")]
    NoProcess {
        /// Which part, from 1.
        number: usize,
        /// The process it names.
        process: u64,
        /// The last one there can be.
        last: usize,
    },
    /// It has too many steps.
    #[error("the schedule has more than {MAX_STEPS} steps")]
    TooLong,
}

impl Schedule {
    /// The choices as runs: process, how many steps; 0 steps for a kill.
    pub(crate) fn runs(&self) -> Vec<(Choice, usize)> {
        let mut runs: Vec<(Choice, usize)> = Vec::new();
        for choice in &self.0 {
            match runs.last_mut() {
                Some((last, count)) if last == choice && !choice.kill && !choice.late => {
                    *count += 1;
                }
                _ => runs.push((*choice, 1)),
            }
        }
        runs
    }

    /// The choices, in order.
    pub fn choices(&self) -> Vec<Choice> {
        self.0.clone()
    }

    /// How often the turn passes from one process to another.
    pub fn switches(&self) -> usize {
        self.0.windows(2).filter(|pair| pair[0].process != pair[1].process).count()
    }

    /// How many choices it makes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it leaves everything to the default.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (choice, count)) in self.runs().into_iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match (choice.kill, count) {
                (true, _) => write!(f, "{comma}{}!", choice.process)?,
                (false, _) if choice.late => write!(f, "{comma}{}~", choice.process)?,
                (false, 1) => write!(f, "{comma}{}", choice.process)?,
                (false, _) => write!(f, "{comma}{}*{count}", choice.process)?,
            }
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut choices = Vec::new();
        for (i, part) in text.split(',').map(str::trim).enumerate() {
            if part.is_empty() && text.trim().is_empty() {
                break;
            }
            let malformed = || ScheduleError::Malformed { number: i + 1, part: part.to_owned() };
            let (kill, late) = (part.ends_with('!'), part.ends_with('~'));
            let (process, count) = match part.strip_suffix(['!', '~']) {
                Some(process) => (process, "1"),
                None => part.split_once('*').unwrap_or((part, "1")),
            };
            let process: u64 = process.parse().map_err(|_| malformed())?;
            let count: usize = count.parse().map_err(|_| malformed())?;
            let last = MAX_PROCESSES - 1;
            if process > last as u64 {
                return Err(ScheduleError::NoProcess { number: i + 1, process, last });
            }
            if count > MAX_STEPS - choices.len() {
                return Err(ScheduleError::TooLong);
            }
            let choice = Choice { process: process as u8, kill, late };
            choices.extend(std::iter::repeat_n(choice, count));
        }
        Ok(Self(choices))
    }
}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_read_back_as_they_were_printed() {
        for text in ["", "0", "0*12,1*3,0", "1!,0*2", "0,1!,2!", "0,1~,1~,0*3", "31*65536"] {
            let schedule: Schedule = text.parse().expect(text);
            assert_eq!(schedule.to_string(), text);
        }
    }

    #[test]
    fn schedules_may_be_typed_loosely() {
        let schedule: Schedule = " 0 , 0,1*2, 1 ".parse().expect("a schedule");
        assert_eq!(schedule.to_string(), "0*2,1*3");
        assert_eq!(schedule.switches(), 1);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_part() {
        for (text, message) in [
            ("x", "schedule part 1 is \"x\"; expected P, P*N, P! or P~, as in 0*12,1*3,1!,0"),
            ("0,,1", "schedule part 2 is \"\"; expected P, P*N, P! or P~, as in 0*12,1*3,1!,0"),
            ("0,1*", "schedule part 2 is \"1*\"; expected P, P*N, P! or P~, as in 0*12,1*3,1!,0"),
            ("99", "schedule part 1 names process 99; the last possible one is 31"),
            ("0*99999999", "the schedule has more than 65536 steps"),
        ] {
            let error = text.parse::<Schedule>().expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}

//! Scenarios: processes over one shared state, and what must hold.
//!
//! Idea: one description, two ways to run it. A scenario knows nothing of how
//! it is run: its bodies are plain functions of the shared state.
//! Limits: bodies run in forked children, so nothing that they change outside
//! the shared state is seen by others; what they return is carried back as text.

use std::fmt;

use serde::Serialize;

use crate::Shared;

/// What one process does to the shared state; what it returns, as text.
pub type Body<T> = Box<dyn Fn(&T) -> String>;

/// Checks an end; `Err` says what was found instead of what should be.
pub type Check<T> = Box<dyn Fn(&End<'_, T>) -> Result<(), String>>;

/// Words an end as an outcome.
pub type Wording<T> = Box<dyn Fn(&End<'_, T>) -> String>;

/// Gives up rights of this process for good; `Err` says why it could not.
pub type Confinement = Box<dyn Fn() -> Result<(), String>>;

/// One process of a scenario.
pub struct Process<T> {
    /// Its name, as it stands in reports.
    pub name: String,
    /// What it does.
    pub body: Body<T>,
}

/// Something that must hold once all processes have ended.
pub struct Invariant<T> {
    /// The invariant in words, as a statement: `both increments are kept`.
    pub name: String,
    /// `Err` says what was found instead.
    pub check: Check<T>,
}

/// How an outcome is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Allowed, and ordinary.
    Acceptable,
    /// Allowed, and worth knowing that it happens.
    Interesting,
    /// Must never happen.
    Forbidden,
}

impl Grade {
    /// The grade in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Acceptable => "acceptable",
            Self::Interesting => "interesting",
            Self::Forbidden => "forbidden",
        }
    }
}

/// An outcome that the scenario's author foresaw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// The outcome, as [`Scenario::outcome`] words it.
    pub outcome: String,
    /// How it is judged.
    pub grade: Grade,
    /// Why.
    pub reason: String,
}

/// How one process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum ProcessEnd {
    /// Its body returned; this is what it returned, as text.
    Returned {
        /// The returned value; empty for `()`.
        value: String,
    },
    /// Its body panicked.
    Panicked {
        /// The message and the place.
        message: String,
    },
    /// The harness killed it, as it was asked to.
    Killed,
    /// A signal that the harness did not send ended it.
    Signalled {
        /// The signal's name, such as `SIGSEGV`.
        signal: String,
    },
    /// It called `exit` before its body returned.
    Exited {
        /// The status.
        status: i32,
    },
    /// It did not end in time, and was killed.
    TimedOut,
}

/// The end of one run: the shared state as it was left, and how each process ended.
pub struct End<'a, T> {
    /// The shared state, with no process left to change it.
    pub shared: &'a T,
    /// One for each process, in the scenario's order; a recovery that ran is the last.
    pub processes: &'a [ProcessEnd],
}

impl<T> End<'_, T> {
    /// What process `index` returned, as text; `None` where it did not return.
    pub fn returned(&self, index: usize) -> Option<&str> {
        match self.processes.get(index)? {
            ProcessEnd::Returned { value } => Some(value),
            _ => None,
        }
    }

    /// How many processes the harness killed.
    pub fn killed(&self) -> usize {
        self.processes.iter().filter(|end| **end == ProcessEnd::Killed).count()
    }
}

/// A value that a body may return: it crosses the process boundary as text.
pub trait ToReport {
    /// The value as text, at most 255 bytes; what is longer is cut.
    fn to_report(self) -> String;
}

impl ToReport for () {
    fn to_report(self) -> String {
        String::new()
    }
}

macro_rules! report_by_display {
    ($($type:ty),+) => {$(
        impl ToReport for $type {
            fn to_report(self) -> String {
                self.to_string()
            }
        }
    )+};
}

report_by_display!(
    String, &str, bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

impl<T: ToReport> ToReport for Option<T> {
    /// `none`, or the value.
    fn to_report(self) -> String {
        self.map_or_else(|| "none".into(), T::to_report)
    }
}

impl<T: ToReport, E: fmt::Display> ToReport for Result<T, E> {
    /// The value, or `error: ` and the error.
    fn to_report(self) -> String {
        self.map_or_else(|error| format!("error: {error}"), T::to_report)
    }
}

/// A few processes over one shared state, what must hold when they have ended,
/// and the outcomes to expect.
pub struct Scenario<T: Shared> {
    /// The name, as it stands in reports.
    pub name: String,
    /// Makes the state that each run starts from.
    pub setup: Box<dyn Fn(&T)>,
    /// Who takes part.
    pub processes: Vec<Process<T>>,
    /// What is done after a kill.
    pub recovery: Option<Body<T>>,
    /// What processes give up before a body runs in them.
    pub confinement: Option<Confinement>,
    /// What must hold at the end.
    pub invariants: Vec<Invariant<T>>,
    /// Words an end as an outcome.
    pub outcome: Wording<T>,
    /// The outcomes that were foreseen.
    pub expected: Vec<Expected>,
}

impl<T: Shared> Scenario<T> {
    /// A scenario with no processes yet. `setup` gets the shared state with all
    /// bytes zero, once; every run starts from a copy of what it leaves.
    pub fn new(name: impl Into<String>, setup: impl Fn(&T) + 'static) -> Self {
        Self {
            name: name.into(),
            setup: Box::new(setup),
            processes: Vec::new(),
            recovery: None,
            confinement: None,
            invariants: Vec::new(),
            outcome: Box::new(outcome_by_returns),
            expected: Vec::new(),
        }
    }

    /// Adds one process.
    #[must_use]
    pub fn process<R: ToReport>(
        mut self,
        name: impl Into<String>,
        body: impl Fn(&T) -> R + 'static,
    ) -> Self {
        self.processes.push(Process {
            name: name.into(),
            body: Box::new(move |shared| body(shared).to_report()),
        });
        self
    }

    /// Adds `count` processes that do the same, named `name 0`, `name 1`, …;
    /// the body learns its number, counted from 0 within this call.
    #[must_use]
    pub fn processes<R: ToReport>(
        mut self,
        count: usize,
        name: &str,
        body: impl Fn(usize, &T) -> R + Clone + 'static,
    ) -> Self {
        for number in 0..count {
            let body = body.clone();
            self.processes.push(Process {
                name: format!("{name} {number}"),
                body: Box::new(move |shared| body(number, shared).to_report()),
            });
        }
        self
    }

    /// Adds what is done after a kill, by a fresh process, once all others have
    /// ended or can go no further.
    #[must_use]
    pub fn recovery<R: ToReport>(mut self, body: impl Fn(&T) -> R + 'static) -> Self {
        self.recovery = Some(Box::new(move |shared| body(shared).to_report()));
        self
    }

    /// For bodies that are not trusted: each process that runs them, or forks those
    /// that do, calls `confine` once, when the harness has set it up. What it may
    /// still do must be enough for the harness in it. A seccomp filter that traps
    /// calls has them refused by the simulator, with a sentence.
    #[must_use]
    pub fn confined(mut self, confine: impl Fn() -> Result<(), String> + 'static) -> Self {
        self.confinement = Some(Box::new(confine));
        self
    }

    /// Does what [`Scenario::confined`] asks for.
    pub(crate) fn confine(&self) -> Result<(), String> {
        self.confinement.as_ref().map_or(Ok(()), |confine| confine())
    }

    /// Adds something that must hold once all processes have ended. `Err` says
    /// what was found instead.
    #[must_use]
    pub fn invariant(
        mut self,
        name: impl Into<String>,
        check: impl Fn(&End<'_, T>) -> Result<(), String> + 'static,
    ) -> Self {
        self.invariants.push(Invariant { name: name.into(), check: Box::new(check) });
        self
    }

    /// Words the outcome of a run. By default it is what each process returned.
    #[must_use]
    pub fn outcome(mut self, outcome: impl Fn(&End<'_, T>) -> String + 'static) -> Self {
        self.outcome = Box::new(outcome);
        self
    }

    /// Foresees an outcome. Where any is foreseen, one that is not is forbidden.
    ///
    /// The simulator words executions that do not end itself: as their verdict
    /// (`deadlock: a waits on lock.value, held by b`), as `livelock`, or as `out of
    /// steps`. These are forbidden unless they are foreseen, in full or by their first
    /// word, as `deadlock`.
    #[must_use]
    pub fn expect(
        mut self,
        outcome: impl Into<String>,
        grade: Grade,
        reason: impl Into<String>,
    ) -> Self {
        let expected = Expected { outcome: outcome.into(), grade, reason: reason.into() };
        self.expected.push(expected);
        self
    }

    /// The names of its processes, in order.
    pub fn process_names(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().map(|process| process.name.as_str())
    }

    /// The name of process `index`; the one after the last is the recovery.
    pub(crate) fn process_name(&self, index: usize) -> String {
        self.processes.get(index).map_or_else(|| "recovery".into(), |process| process.name.clone())
    }

    /// How `outcome` is judged, and why.
    pub fn grade(&self, outcome: &str) -> (Grade, &str) {
        let kind = outcome.split_once(": ").map_or(outcome, |(kind, _)| kind);
        let endless = ENDLESS.contains(&kind);
        let foreseen =
            |as_worded: &str| self.expected.iter().find(|expected| expected.outcome == as_worded);
        match foreseen(outcome).or_else(|| foreseen(kind).filter(|_| endless)) {
            Some(expected) => (expected.grade, &expected.reason),
            None if self.expected.is_empty() && !endless => (Grade::Acceptable, ""),
            None => (Grade::Forbidden, "not foreseen"),
        }
    }
}

/// The first words of outcomes of executions that do not end.
const ENDLESS: [&str; 3] = ["deadlock", "livelock", "out of steps"];

fn outcome_by_returns<T>(end: &End<'_, T>) -> String {
    let words: Vec<&str> = end
        .processes
        .iter()
        .map(|end| match end {
            ProcessEnd::Returned { value } if value.is_empty() => "returned",
            ProcessEnd::Returned { value } => value,
            ProcessEnd::Panicked { .. } => "panicked",
            ProcessEnd::Killed => "killed",
            ProcessEnd::Signalled { signal } => signal,
            ProcessEnd::Exited { .. } => "exited",
            ProcessEnd::TimedOut => "timed out",
        })
        .collect();
    words.join(", ")
}

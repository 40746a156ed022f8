//! An answer to an exercise, and what is to be done with it.

use shmkv_harness::sim::{Search, Simulate};
use shmkv_harness::{Expected, Scenario, Shared, Verdict};

use crate::Trial;

/// The answer to one exercise: the learner's functions or constants.
///
/// It is made in a constant, so that nothing of the learner's runs while it is.
pub trait Answer: Sync {
    /// What is to be done with it. `seed` decides the hidden inputs.
    fn work(&self, seed: u64) -> Work;
}

/// What is to be done with an answer.
pub enum Work {
    /// Functions: they must hold in each of these.
    Write(Vec<Trial>),
    /// A schedule that is to make given code fail.
    Break(Break),
    /// All outcomes that a program can have.
    Predict(Predict),
}

/// A schedule, and what it is to do.
pub struct Break {
    /// The answer: a schedule, `NONE`, or nothing yet.
    pub schedule: &'static str,
    /// The given code.
    pub trial: Trial,
    /// The failure that is asked for, in words that follow "a schedule after which".
    pub wanted: &'static str,
    /// The same as a verdict. Another failure is no answer.
    pub verdict: Wanted,
}

/// The verdict that a schedule is to bring about.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// One of these invariants, by their names in the trial, does not hold.
    Violated(&'static [&'static str]),
    /// Every process that is left waits for another.
    Deadlock,
}

impl Wanted {
    /// Whether `verdict` is it.
    pub(crate) fn is(self, verdict: &Verdict) -> bool {
        match (self, verdict) {
            (Self::Violated(names), Verdict::Violated { invariant, .. }) => {
                names.contains(&invariant.as_str())
            }
            (Self::Deadlock, Verdict::Deadlock { .. }) => true,
            _ => false,
        }
    }
}

/// Outcomes, and the program that has them.
pub struct Predict {
    /// The answer; empty where there is none yet.
    pub outcomes: &'static [&'static str],
    program: Box<Program>,
    preemptions: Option<u32>,
    why_not: fn(&str) -> Option<&'static str>,
}

/// Makes the program's scenario, with these outcomes foreseen.
type Program = dyn Fn(&[Expected]) -> Box<dyn Simulate>;

impl Predict {
    /// The answer `outcomes` to: what are the outcomes of `program`?
    pub fn new<T: Shared>(
        outcomes: &'static [&'static str],
        program: impl Fn() -> Scenario<T> + 'static,
    ) -> Self {
        let program = move |expected: &[Expected]| {
            let mut scenario = program();
            scenario.expected = expected.to_vec();
            Box::new(scenario) as Box<dyn Simulate>
        };
        Self { outcomes, program: Box::new(program), preemptions: None, why_not: |_| None }
    }

    /// Why an outcome cannot happen, for whoever expects it: a sentence, where there
    /// is one to say.
    #[must_use]
    pub fn why_not(mut self, reason: fn(&str) -> Option<&'static str>) -> Self {
        self.why_not = reason;
        self
    }

    /// Why `outcome`, which cannot happen, cannot.
    pub(crate) fn reason_against(&self, outcome: &str) -> Option<&'static str> {
        (self.why_not)(outcome)
    }

    /// How many preemptions the search bounds; without this, all schedules are run.
    /// Enough of them bring about all that there is where operations are each one
    /// step to the others: as many as it takes to put those in any order.
    #[must_use]
    pub fn preemptions(mut self, most: u32) -> Self {
        self.preemptions = Some(most);
        self
    }

    /// The search through the program's schedules.
    pub(crate) fn search(&self) -> Search {
        self.preemptions.map_or_else(Search::unbounded, Search::exhaustive)
    }

    /// The program, with these outcomes foreseen.
    pub(crate) fn program(&self, expected: &[Expected]) -> Box<dyn Simulate> {
        (self.program)(expected)
    }
}

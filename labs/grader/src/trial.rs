//! A trial: one scenario that an answer goes through, and what each of its
//! invariants means to the learner.
//!
//! Idea: the scenario says that an invariant is broken; the trial knows which
//! mistake that is. Processes are confined before they reach the learner's code.
//! A trial that is small is searched: all schedules within a bound. One that is
//! too large for that is drawn from: schedules at random, by three strategies.
//! In both, a wait with a deadline may end while others could go on.

use std::time::Duration;

use shmkv::Semaphore;
use shmkv_harness::sim::{Search, Simulate, Strategy};
use shmkv_harness::{End, Scenario, Shared, ToReport};

use crate::Failure;
use crate::check::{confine, limit_time};

/// Steps after which an execution is a livelock: a hundred times what an answer
/// needs, so that one that is merely wasteful is none.
const STEP_LIMIT: u32 = 60_000;

/// The same where nobody comes: whoever waits there needs few, and whoever polls makes
/// them all, three times over.
const LONELY_STEPS: u32 = 6_000;

/// How long nobody comes: whoever has waited for as long with deadlines, in no more
/// than [`LONELY_STEPS`] steps, sleeps for 20 ms at a time or more.
const LONELY: Duration = Duration::from_secs(30);

/// What tells the time where nobody comes.
const CLOCK: &str = "clock";

/// How long a process may make no step, on a machine that is as busy as can be. Who
/// computes has used up its processor time long before.
const HANG: Duration = Duration::from_secs(15);

/// A scenario to run an answer in.
pub struct Trial {
    pub(crate) scenario: Box<dyn Simulate>,
    pub(crate) terms: Terms,
}

/// How it is run, and what its failures mean.
pub(crate) struct Terms {
    meanings: Vec<(String, Failure)>,
    locks: Vec<String>,
    pub(crate) preemptions: Option<u32>,
    pub(crate) drawn: Option<u64>,
    pub(crate) kills: bool,
    pub(crate) in_time: bool,
    pub(crate) only_simulated: bool,
    pub(crate) may_be_cut: bool,
    pub(crate) alone: Option<Alone>,
}

/// What a process waits for that does not come.
#[derive(Clone, Copy)]
pub(crate) struct Alone {
    /// It must not return before this: a clause.
    pub(crate) before: &'static str,
    /// Whether it may look again and again.
    pub(crate) may_spin: bool,
}

impl Trial {
    /// Begins a trial called `name`, from the state that `setup` makes of zeroes.
    pub fn named<T: Shared>(name: &str, setup: impl Fn(&T) + 'static) -> TrialBuilder<T> {
        TrialBuilder {
            scenario: Scenario::new(name, setup).confined(confine),
            terms: Terms {
                meanings: Vec::new(),
                locks: Vec::new(),
                preemptions: Some(2),
                drawn: None,
                kills: false,
                in_time: false,
                only_simulated: false,
                may_be_cut: false,
                alone: None,
            },
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.scenario.name()
    }

    /// What it means that this invariant does not hold.
    pub(crate) fn meaning(&self, invariant: &str) -> Failure {
        let known = self.terms.meanings.iter().find(|(name, _)| name == invariant);
        known.map_or(Failure::WrongResult, |(_, failure)| *failure)
    }

    /// Whether a process that waits on `field` waits for a lock: for what only
    /// its holder can give back.
    pub(crate) fn is_lock(&self, field: &str) -> bool {
        self.terms.locks.iter().any(|lock| field.strip_prefix(lock.as_str()) == Some(".value"))
    }

    /// Steps after which an execution is given up.
    pub(crate) fn step_limit(&self) -> u32 {
        if self.terms.alone.is_some() { LONELY_STEPS } else { STEP_LIMIT }
    }

    /// The search through all its schedules within its bound.
    pub(crate) fn search(&self) -> Search {
        let search = match self.terms.preemptions {
            Some(preemptions) => Search::exhaustive(preemptions),
            None => Search::unbounded(),
        };
        self.limited(search)
    }

    /// Searches at random, with any number of preemptions: one strategy orders the
    /// accesses to one field, the second those to all, and the third lets all come on
    /// at the same pace, which wears out whoever tries again so often and no more.
    /// None where there is no bound to go beyond.
    pub(crate) fn searches_beyond(&self, seed: u64) -> Vec<Search> {
        let strategies =
            [Strategy::Surw { seed }, Strategy::Pos { seed }, Strategy::Random { seed }];
        let searches = strategies.map(|strategy| self.limited(Search::new(strategy)));
        if self.terms.preemptions.is_some() { searches.into() } else { Vec::new() }
    }

    fn limited(&self, search: Search) -> Search {
        let search = if self.terms.kills { search.with_kills() } else { search };
        let in_time = self.terms.in_time || self.terms.alone.is_some();
        let search = if in_time { search } else { search.with_early_timeouts() };
        search.step_limit(self.step_limit()).hang_after(HANG).stop_at_first_failure(true)
    }
}

/// A trial under construction.
pub struct TrialBuilder<T: Shared> {
    scenario: Scenario<T>,
    terms: Terms,
}

impl<T: Shared> TrialBuilder<T> {
    /// Adds one process.
    #[must_use]
    pub fn process<R: ToReport>(mut self, name: &str, body: impl Fn(&T) -> R + 'static) -> Self {
        self.scenario = self.scenario.process(name, move |shared| {
            limit_time();
            body(shared)
        });
        self
    }

    /// Adds `count` processes that do the same; the body learns its number.
    #[must_use]
    pub fn processes<R: ToReport>(
        mut self,
        count: usize,
        name: &str,
        body: impl Fn(usize, &T) -> R + Clone + 'static,
    ) -> Self {
        self.scenario = self.scenario.processes(count, name, move |number, shared| {
            limit_time();
            body(number, shared)
        });
        self
    }

    /// Adds what is done after a kill, by a fresh process, once all others have
    /// ended or can go no further.
    #[must_use]
    pub fn recovery<R: ToReport>(mut self, body: impl Fn(&T) -> R + 'static) -> Self {
        self.scenario = self.scenario.recovery(move |shared| {
            limit_time();
            body(shared)
        });
        self
    }

    /// Adds what must hold at the end, and what it means where it does not.
    /// The first that does not hold counts.
    #[must_use]
    pub fn must(
        mut self,
        broken_means: Failure,
        statement: &str,
        check: impl Fn(&End<'_, T>) -> Result<(), String> + 'static,
    ) -> Self {
        self.terms.meanings.push((statement.to_owned(), broken_means));
        self.scenario = self.scenario.invariant(statement, check);
        self
    }

    /// The semaphore in the field called `name`, a lock, must have been given
    /// back, once.
    #[must_use]
    pub fn must_free(mut self, name: &str, lock: impl Fn(&T) -> &Semaphore + 'static) -> Self {
        self.terms.locks.push(name.to_owned());
        self.must_count(name, 1, lock)
    }

    /// The semaphore in the field called `name` must be at `value` at the end.
    #[must_use]
    pub fn must_count(
        self,
        name: &str,
        value: u32,
        lock: impl Fn(&T) -> &Semaphore + 'static,
    ) -> Self {
        let lock = std::rc::Rc::new(lock);
        let again = lock.clone();
        self.must(
            Failure::LeftLocked,
            &format!("what was taken from {name} has been given back"),
            move |end| match lock(end.shared).value() {
                found if found < value => Err(format!("it is at {found}, and was at {value}")),
                _ => Ok(()),
            },
        )
        .must(
            Failure::WrongResult,
            &format!("no more has been given to {name} than was taken"),
            move |end| match again(end.shared).value() {
                found if found > value => Err(format!("it is at {found}, and was at {value}")),
                _ => Ok(()),
            },
        )
    }

    /// How many preemptions the search bounds; 2 where this is not called.
    #[must_use]
    pub fn preemptions(mut self, most: u32) -> Self {
        self.terms.preemptions = Some(most);
        self
    }

    /// All schedules, without a bound on preemptions.
    #[must_use]
    pub fn all_schedules(mut self) -> Self {
        self.terms.preemptions = None;
        self
    }

    /// One process is killed, at each step in turn.
    #[must_use]
    pub fn with_kills(mut self) -> Self {
        self.terms.kills = true;
        self
    }

    /// Nothing is run under stress, which could not tell when it is over.
    #[must_use]
    pub fn only_simulated(mut self) -> Self {
        self.terms.only_simulated = true;
        self
    }

    /// Too large to be searched: `each` schedules are drawn by each of three
    /// strategies.
    #[must_use]
    pub fn drawn(mut self, each: u64) -> Self {
        self.terms.drawn = Some(each);
        self
    }

    /// An answer that makes too many steps for it is not refused, and its evidence says
    /// so: for trials that are long even for an answer as it is meant to be.
    #[must_use]
    pub fn may_be_cut(mut self) -> Self {
        self.terms.may_be_cut = true;
        self
    }

    /// Lets no deadline pass while others could go on: for answers whose deadlines
    /// are not their own.
    #[must_use]
    pub fn in_time(mut self) -> Self {
        self.terms.in_time = true;
        self
    }

    /// Nobody comes for whom the processes wait: none of them may return `before`
    /// that, which is a clause. They sleep; this is looked at in one execution.
    #[must_use]
    pub fn nobody_comes(mut self, before: &'static str) -> Self {
        self.terms.alone = Some(Alone { before, may_spin: false });
        self.terms.only_simulated = true;
        // It tells a loop that sleeps long from one that looks again and again.
        self.process(CLOCK, |_| std::thread::sleep(LONELY))
    }

    /// As [`nobody_comes`](Self::nobody_comes), and they may look again and again.
    #[must_use]
    pub fn nobody_comes_to_who_may_spin(self, before: &'static str) -> Self {
        let mut builder = self.nobody_comes(before);
        builder.terms.alone = Some(Alone { before, may_spin: true });
        builder
    }

    /// The trial.
    pub fn build(self) -> Trial {
        Trial { scenario: Box::new(self.scenario), terms: self.terms }
    }
}

//! One execution under a given schedule, with its timeline; and scenarios
//! behind one type, whatever they share.

use serde::Serialize;

use super::Runner;
use super::order::{MAX_PROCESSES, MAX_STEPS, Order};
use super::search::{self, SearchReport};
use super::strategy::Search;
use super::timeline::Timeline;
use super::{HANG, Schedule, SimError, StateGraph, graph};
use crate::{
    ProcessEnd, Scenario, Shared, StressError, StressOptions, StressReport, Verdict, stress_until,
};

/// An execution: its schedule, how it ended, and its timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The schedule, as it can be typed.
    pub schedule: Schedule,
    /// What the end means.
    pub verdict: Verdict,
    /// How each process ended; a recovery that ran is the last.
    pub ends: Vec<ProcessEnd>,
    /// The execution, step by step.
    pub timeline: Timeline,
}

/// Runs `scenario` under `schedule`; where that ends, the process that went last
/// goes on as long as it can, then the next. It takes as many steps as any search
/// can allow, so a livelock is given up later than in a search that allowed fewer.
///
/// # Errors
/// [`SimError::CannotFollow`] where a process that is to go cannot; see
/// [`SimError`] for the others.
pub fn replay<T: Shared>(scenario: &Scenario<T>, schedule: &Schedule) -> Result<Replay, SimError> {
    // As many as fit the log, which is far below the largest 32-bit number.
    let mut runner = Runner::new(scenario, MAX_STEPS as u32, HANG)?;
    on(&mut runner, schedule.clone())
}

/// As [`replay`], on a runner that is there already.
pub(super) fn on<T: Shared>(
    runner: &mut Runner<'_, T>,
    schedule: Schedule,
) -> Result<Replay, SimError> {
    let prefix = schedule.choices();
    let order = Order { prefix, traced: true, ..Order::default() };
    let execution = runner.run(&order)?;
    if let Some(index) = execution.diverged {
        let choice = order.prefix[index];
        let count = runner.scenario().processes.len().min(MAX_PROCESSES);
        let why = if usize::from(choice.process) > count {
            format!("there is no process {}; the last is {}", choice.process, count - 1)
        } else {
            format!("process {} has ended or waits for another", choice.process)
        };
        return Err(SimError::CannotFollow { step: index + 1, why });
    }
    if execution.choices().len() < order.prefix.len() {
        let step = execution.choices().len() + 1;
        return Err(SimError::CannotFollow { step, why: "all processes have ended".into() });
    }
    Ok(Replay {
        schedule,
        verdict: execution.verdict.clone(),
        ends: execution.ends.clone(),
        timeline: Timeline::new(runner.scenario(), &execution),
    })
}

/// A scenario, whatever its processes share: what can be run without knowing
/// the type of the shared state.
pub trait Simulate {
    /// The scenario's name.
    fn name(&self) -> &str;

    /// See [`explore_with`](search::explore_with).
    ///
    /// # Errors
    /// See [`SimError`].
    fn explore(
        &self,
        search: &Search,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SearchReport, SimError>;

    /// See [`replay`].
    ///
    /// # Errors
    /// See [`SimError`].
    fn replay(&self, schedule: &Schedule) -> Result<Replay, SimError>;

    /// See [`state_graph`](graph::state_graph).
    ///
    /// # Errors
    /// See [`SimError`].
    fn state_graph(&self, most: usize) -> Result<StateGraph, SimError>;

    /// See [`stress`](crate::stress).
    ///
    /// # Errors
    /// See [`StressError`].
    fn stress(&self, options: &StressOptions) -> Result<StressReport, StressError> {
        self.stress_until(options, &mut |_| false)
    }

    /// See [`stress_until`].
    ///
    /// # Errors
    /// See [`StressError`].
    fn stress_until(
        &self,
        options: &StressOptions,
        enough: &mut dyn FnMut(&StressReport) -> bool,
    ) -> Result<StressReport, StressError>;
}

impl<T: Shared> Simulate for Scenario<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn explore(
        &self,
        search: &Search,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SearchReport, SimError> {
        search::explore_with(self, search, progress)
    }

    fn replay(&self, schedule: &Schedule) -> Result<Replay, SimError> {
        replay(self, schedule)
    }

    fn state_graph(&self, most: usize) -> Result<StateGraph, SimError> {
        graph::state_graph(self, most)
    }

    fn stress_until(
        &self,
        options: &StressOptions,
        enough: &mut dyn FnMut(&StressReport) -> bool,
    ) -> Result<StressReport, StressError> {
        stress_until(self, options, enough)
    }
}

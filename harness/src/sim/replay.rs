//! One execution under a given schedule, with its timeline.

use serde::Serialize;

use super::Runner;
use super::limits::{MAX_PROCESSES, MAX_STEPS};
use super::order::Order;
use super::timeline::Timeline;
use super::{HANG, Schedule, SimError, drawing};
use crate::{ProcessEnd, Scenario, Shared, Verdict};

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
        let last = if runner.scenario().recovery.is_some() { count } else { count - 1 };
        let why = if usize::from(choice.process) > last {
            format!("there is no process {}; the last is {last}", choice.process)
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
        timeline: drawing::draw(runner.scenario(), &execution),
    })
}

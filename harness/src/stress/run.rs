//! A run: rounds, one after another, and the report that grows with them.

use std::time::Instant;

use super::crew::{Crew, Waited};
use super::judge::{RoundEnd, judge};
use super::leaks::Leaks;
use super::plan::{Plan, Strike};
use super::progress::Progress;
use super::report::StressReport;
use super::{StressError, StressOptions};
use super::{strike, worker};
use crate::memory::{Mapping, Memory};
use crate::process::Parenthood;
use crate::scenario::{ProcessEnd, Scenario};
use crate::shared::Shared;
use crate::{panics, verdict::Verdict};

/// Why a worker could not do its body at all.
fn failed_worker(end: &ProcessEnd) -> Option<String> {
    let ProcessEnd::Panicked { message } = end else { return None };
    message.strip_prefix(worker::FAILED).map(str::to_owned)
}

/// How often, in rounds, a caller is asked whether it has seen enough.
const BATCH: u64 = 256;

/// The same in slow runs, in ms.
const BATCH_MS: u128 = 100;

/// The shared state, and what every round starts from.
pub(super) struct State {
    mapping: Mapping,
    initial: Vec<u8>,
}

impl State {
    /// Runs the scenario's setup on zeroed memory.
    pub(super) fn new<T: Shared>(scenario: &Scenario<T>) -> Result<Self, StressError> {
        let memory = Memory::new(size_of::<T>()).map_err(StressError::os("memfd_create"))?;
        let mapping = memory.map().map_err(StressError::os("mmap"))?;
        panics::catch(|| (scenario.setup)(mapping.as_shared()))
            .map_err(|message| StressError::Setup { scenario: scenario.name.clone(), message })?;
        let initial = mapping.to_vec(size_of::<T>());
        Ok(Self { mapping, initial })
    }

    fn reset(&self) {
        self.mapping.copy_from(&self.initial);
    }
}

/// Everything that a run needs.
pub(super) struct Run<'a, T: Shared> {
    scenario: &'a Scenario<T>,
    options: &'a StressOptions,
    state: State,
    leaks: Leaks,
}

impl<'a, T: Shared> Run<'a, T> {
    pub(super) fn new(
        scenario: &'a Scenario<T>,
        options: &'a StressOptions,
    ) -> Result<Self, StressError> {
        Ok(Self { scenario, options, state: State::new(scenario)?, leaks: Leaks::new() })
    }

    pub(super) fn all_rounds(
        &self,
        mut enough: impl FnMut(&StressReport) -> bool,
    ) -> Result<StressReport, StressError> {
        let _parenthood = Parenthood::begin().map_err(StressError::os("prctl"))?;
        let timed = self.options.kill_rate + self.options.pause_rate > 0.0;
        let mut crew = Crew::new(self.scenario, self.state.mapping.as_shared(), timed)?;
        let mut report = StressReport::new(self.scenario, self.options.seed);
        let mut progress =
            Progress::new(&self.scenario.name, self.options.rounds, self.options.progress);
        let (started, mut asked) = (Instant::now(), Instant::now());
        strike::aim(crew.control())?;
        for number in 0..self.options.rounds {
            let round = self.round(&mut crew, number)?;
            let shared = self.state.mapping.as_shared();
            let judgement = judge(self.scenario, shared, &round, self.options.deadline);
            report.add(self.scenario, number, round, judgement);
            if self.options.stop_at_failure && !report.verdict.held() {
                break;
            }
            if (number + 1).is_multiple_of(BATCH) || asked.elapsed().as_millis() >= BATCH_MS {
                report.so_far(started.elapsed());
                progress.show(report.rounds);
                asked = Instant::now();
                if enough(&report) {
                    break;
                }
                strike::aim(crew.control())?;
            }
        }
        report.names_checked = crew.knows_names();
        report.so_far(started.elapsed());
        drop(crew);
        let left = self.leaks.after_run()?;
        if !left.is_empty() {
            report.fail_at_end(Verdict::Leaked { what: left.join(", ") });
        }
        Ok(report)
    }

    fn round(&self, crew: &mut Crew<'_, T>, number: u64) -> Result<RoundEnd, StressError> {
        crew.hire()?;
        self.state.reset();
        let plan = Plan::new(self.options, number, self.scenario.processes.len());
        crew.release(&plan);
        let recovery = self.see_through(crew, plan.kill)?;
        let ends = crew.ends(plan.kill.map(|kill| kill.victim));
        if let Some(why) = ends.iter().chain(&recovery).find_map(failed_worker) {
            return Err(StressError::Worker { why });
        }
        let leaks = self.leaks.after_round(crew, &ends, recovery.is_some())?;
        Ok(RoundEnd { ends, recovery, leaks })
    }

    /// Waits for a round's end, recovers after a kill, and kills who is late.
    fn see_through(
        &self,
        crew: &mut Crew<'_, T>,
        kill: Option<Strike>,
    ) -> Result<Option<ProcessEnd>, StressError> {
        let deadline = self.options.deadline;
        let recovery = self.scenario.recovery.as_ref();
        let victim = kill.filter(|_| recovery.is_some()).map(|kill| kill.victim);
        let mut waited = crew.wait(deadline, victim)?;
        let mut recovered = None;
        if let Some(body) = recovery
            && victim.is_some_and(|victim| crew.was_killed(victim))
        {
            recovered = Some(crew.recover(body, deadline)?);
            waited = crew.wait(deadline, None)?;
        }
        if waited != Waited::AllEnded {
            crew.end_late()?;
        }
        Ok(recovered)
    }
}

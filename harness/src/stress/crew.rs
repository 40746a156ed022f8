//! The workers, seen from the harness: hired, released, watched, buried.
//!
//! Idea: workers are forked once and kept; only one that died, hung or panicked
//! is replaced. While a round runs, the harness sleeps on the bell. It wakes a
//! few times to look for the dead, who cannot ring, and less and less often.
//! Limits: a death is noticed some 0.1 ms late, up to 5 ms in a long round.

use std::io::Write;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::StressError;
use super::burial::bury;
use super::control::{Control, RECOVERY};
use super::plan::{Plan, Strike};
use super::slot::{Round, Stage};
use super::strike;
use super::worker::Worker;
use crate::memory::{Mapping, Memory};
use crate::process::{self, Death};
use crate::scenario::{Body, ProcessEnd, Scenario};
use crate::shared::Shared;
use crate::trap::Trap;

/// From the gate's opening to the start of bodies in a round with a strike:
/// longer than setting a timer takes.
const LEAD: Duration = Duration::from_micros(100);

/// Added to the time within which a kill falls, in ns: in a fresh process even
/// the shortest body takes longer than usual, since it touches its pages first.
const KILL_SLACK_NS: f64 = 2_000.0;
/// The same for a pause, which hits a process that has run before.
const PAUSE_SLACK_NS: f64 = 200.0;

/// How long workers have to flush and exit at the end of a run.
const FAREWELL: Duration = Duration::from_millis(200);

/// How often the dead are looked for: at first, and in a long round.
const LOOK: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(5)];

/// How long a process sleeps without a stir before it counts as stuck.
const STUCK: Duration = Duration::from_millis(20);

/// A guess at how long a body takes, until it is known.
const FIRST_GUESS_NS: u64 = 5_000;

/// One worker, or the place of one.
#[derive(Debug)]
struct Member {
    /// `None` before the first round and after its death.
    pid: Option<Pid>,
    /// How it died in this round.
    death: Option<Death>,
    /// The harness ended it, because its time was up.
    late: bool,
    /// About how long its body takes: tracks the median.
    usual_ns: u64,
}

/// All workers of a scenario.
pub(super) struct Crew<'a, T: Shared> {
    scenario: &'a Scenario<T>,
    shared: &'a T,
    page: Arc<Mapping>,
    /// Logs the names that workers make; `None` where that cannot be done.
    trap: Option<Trap>,
    confine: Box<dyn Fn() -> Result<(), String> + 'a>,
    members: Vec<Member>,
    /// The harness's own copy: what lies in the page may be overwritten.
    round: Round,
    timed: bool,
    spin: bool,
}

/// How a wait for a round's end ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// All bodies have ended.
    AllEnded,
    /// Some have not, and time is up.
    TimeIsUp,
    /// Some have not, and all of those sleep without a stir.
    Stuck,
}

impl<'a, T: Shared> Crew<'a, T> {
    /// A crew for `scenario` whose bodies get `shared`. Nobody is forked yet.
    pub(super) fn new(
        scenario: &'a Scenario<T>,
        shared: &'a T,
        timed: bool,
    ) -> Result<Self, StressError> {
        let memory = Memory::new(size_of::<Control>()).map_err(StressError::os("memfd_create"))?;
        let page = memory.map().map_err(StressError::os("mmap"))?;
        let count = scenario.processes.len();
        page.as_shared::<Control>().set_up(count, timed);
        let member = || Member { pid: None, death: None, late: false, usual_ns: FIRST_GUESS_NS };
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            scenario,
            shared,
            page: Arc::new(page),
            trap: Trap::new().map_err(StressError::os("memfd_create"))?,
            confine: Box::new(|| scenario.confine()),
            members: (0..count).map(|_| member()).collect(),
            round: 0,
            timed,
            spin: count <= processors,
        })
    }

    pub(super) fn control(&self) -> &Control {
        self.page.as_shared()
    }

    /// Forks a worker for each place that has none.
    pub(super) fn hire(&mut self) -> Result<(), StressError> {
        if self.members.iter().any(|member| member.pid.is_none()) {
            flush_before_fork();
        }
        let (parent, last) = (process::id(), self.round);
        for number in 0..self.members.len() {
            if self.members[number].pid.is_none() {
                let worker = self.worker(number, &self.scenario.processes[number].body, parent);
                let pid = process::fork(|| worker.serve(last)).map_err(StressError::os("fork"))?;
                self.members[number].pid = Some(pid);
            }
        }
        Ok(())
    }

    fn worker<'b>(&'b self, number: usize, body: &'b Body<T>, parent: Pid) -> Worker<'b, T> {
        let (page, trap) = (&self.page, self.trap.as_ref());
        let confine = &self.confine;
        Worker { page, number, shared: self.shared, body, parent, trap, confine, spin: self.spin }
    }

    /// Starts the next round, as planned.
    pub(super) fn release(&mut self, plan: &Plan) {
        self.round = self.round.wrapping_add(1);
        let slots = &self.page.as_shared::<Control>().slots;
        let give_way = plan.pause.is_some() && !self.spin;
        for ((member, slot), delay) in self.members.iter_mut().zip(slots).zip(&plan.delays) {
            (member.death, member.late) = (None, false);
            slot.prepare(*delay, if give_way { strike::HEAD_START_NS } else { 0 });
        }
        if let Some(kill) = plan.kill {
            slots[kill.victim].prepare_kill(self.moment_ns(kill, KILL_SLACK_NS));
        }
        if let Some(pause) = plan.pause {
            slots[pause.victim].prepare_pause(self.moment_ns(pause, PAUSE_SLACK_NS));
        }
        let lead = plan.kill.or(plan.pause).map_or(0, |_| LEAD.as_nanos() as u64);
        self.control().release(self.round, lead);
    }

    /// When a strike falls, in ns after the start.
    fn moment_ns(&self, strike: Strike, slack_ns: f64) -> u64 {
        // A quarter more, so that moments near the end of slow rounds are reached.
        let span_ns = self.members[strike.victim].usual_ns as f64 * 1.25 + slack_ns;
        (span_ns * strike.moment) as u64
    }

    /// Waits until all bodies have ended, for `limit` at most.
    ///
    /// Where a `victim` is given and dead, it is enough that the others are stuck.
    pub(super) fn wait(
        &mut self,
        limit: Duration,
        victim: Option<usize>,
    ) -> Result<Waited, StressError> {
        let end = process::after(limit);
        let [mut look, longest] = LOOK;
        let mut stillness = Stillness::default();
        loop {
            let seen = self.control().bell();
            if self.control().all_idle(self.round) {
                return Ok(Waited::AllEnded);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Waited::TimeIsUp);
            }
            self.control().wait_for_bell(seen, left.min(look));
            if self.control().bell() != seen {
                continue;
            }
            self.bury_dead()?;
            look = (look * 2).min(longest);
            if victim.is_some_and(|victim| self.was_killed(victim))
                && stillness.lasts(self.sleepers())
            {
                return Ok(Waited::Stuck);
            }
        }
    }

    /// Whether planned `victim` was killed in this round, before its body ended.
    pub(super) fn was_killed(&self, victim: usize) -> bool {
        let member = &self.members[victim];
        self.end_of(victim, member.death, member.late, true) == ProcessEnd::Killed
    }

    /// For each process that has not ended, how often it has slept; `None`
    /// where one does not sleep, or all have ended.
    fn sleepers(&self) -> Option<Vec<u64>> {
        let living = self.members.iter().zip(&self.control().slots);
        let unfinished = living.filter(|(_, slot)| !slot.is_idle(self.round));
        let pids = unfinished.filter_map(|(member, _)| member.pid);
        let counts: Option<Vec<u64>> = pids.map(process::sleep_count).collect();
        counts.filter(|counts| !counts.is_empty())
    }

    /// Reaps the dead among those that have not ended.
    fn bury_dead(&mut self) -> Result<(), StressError> {
        let control = self.page.as_shared::<Control>();
        for (member, slot) in self.members.iter_mut().zip(&control.slots) {
            let Some(pid) = member.pid.filter(|_| !slot.is_idle(self.round)) else { continue };
            let death = process::try_reap(pid).map_err(StressError::os("waitpid"))?;
            if death.is_some() {
                (member.pid, member.death) = (None, death);
                slot.set_idle(self.round);
                if !control.gate_is_open(self.round) {
                    // It cannot arrive any more, and the others must not wait for it.
                    control.open_gate(self.round);
                }
            }
        }
        Ok(())
    }

    /// Kills those that have not ended.
    pub(super) fn end_late(&mut self) -> Result<(), StressError> {
        for number in 0..self.members.len() {
            if !self.control().slots[number].is_idle(self.round) {
                self.members[number].late = true;
                self.end(number)?;
            }
        }
        Ok(())
    }

    /// Kills those whose bodies left processes behind, so that these become
    /// ours; returns who they were.
    pub(super) fn end_leavers(&mut self, recovered: bool) -> Result<Vec<&'a str>, StressError> {
        let mut leavers = Vec::new();
        for (number, process) in self.scenario.processes.iter().enumerate() {
            if self.control().slots[number].left_processes() {
                leavers.push(process.name.as_str());
                self.end(number)?;
            }
        }
        if recovered && self.control().slots[RECOVERY].left_processes() {
            leavers.push("recovery");
        }
        Ok(leavers)
    }

    fn end(&mut self, number: usize) -> Result<(), StressError> {
        let member = &mut self.members[number];
        let Some(pid) = member.pid else { return Ok(()) };
        member.death = bury(pid)?;
        member.pid = None;
        Ok(())
    }

    /// Runs `body`, the recovery, in a fresh process, for `limit` at most.
    pub(super) fn recover(
        &self,
        body: &Body<T>,
        limit: Duration,
    ) -> Result<ProcessEnd, StressError> {
        flush_before_fork();
        let worker = self.worker(RECOVERY, body, process::id());
        let pid = process::fork(|| worker.serve_once()).map_err(StressError::os("fork"))?;
        let death = process::reap_within(pid, limit).map_err(StressError::os("waitpid"))?;
        let late = death.is_none();
        let death = if late { bury(pid)? } else { death };
        Ok(self.end_of(RECOVERY, death, late, false))
    }

    /// How each process ended, once all have.
    pub(super) fn ends(&mut self, victim: Option<usize>) -> Vec<ProcessEnd> {
        self.learn_times();
        let members = self.members.iter().enumerate();
        members
            .map(|(number, member)| {
                self.end_of(number, member.death, member.late, victim == Some(number))
            })
            .collect()
    }

    fn end_of(&self, slot: usize, death: Option<Death>, late: bool, victim: bool) -> ProcessEnd {
        let slot = &self.control().slots[slot];
        let stage = slot.stage(self.round);
        match (stage, death) {
            (Some(Stage::Returned), _) => ProcessEnd::Returned { value: slot.text() },
            (Some(Stage::Panicked), _) => ProcessEnd::Panicked { message: slot.text() },
            _ if late => ProcessEnd::TimedOut,
            (_, Some(Death::Signalled(libc::SIGKILL))) if victim => ProcessEnd::Killed,
            // A panic that could not unwind.
            (Some(Stage::Panicking), Some(Death::Signalled(libc::SIGABRT))) => {
                ProcessEnd::Panicked { message: slot.text() }
            }
            (_, Some(Death::Signalled(signal))) => {
                ProcessEnd::Signalled { signal: process::signal_name(signal) }
            }
            (_, Some(Death::Exited(status))) => ProcessEnd::Exited { status },
            (_, None) => {
                let message = "the harness's own page was overwritten".into();
                ProcessEnd::Panicked { message }
            }
        }
    }

    /// Moves each estimate a little towards what was just measured. Up and down
    /// by equal steps it comes to rest at the median.
    fn learn_times(&mut self) {
        let control = self.page.as_shared::<Control>();
        for (member, slot) in self.members.iter_mut().zip(&control.slots) {
            if self.timed && slot.stage(self.round) == Some(Stage::Returned) {
                let step = member.usual_ns / 16 + 1;
                member.usual_ns = if slot.took_ns() > member.usual_ns {
                    member.usual_ns.saturating_add(step)
                } else {
                    member.usual_ns - step.min(member.usual_ns)
                };
            }
        }
    }

    /// Removes names that were made and still exist; returns them.
    pub(super) fn remove_names(&self) -> Vec<String> {
        self.trap.as_ref().map_or_else(Vec::new, Trap::remove_left)
    }

    /// Whether all names that workers made are known.
    pub(super) fn knows_names(&self) -> bool {
        self.trap.as_ref().is_some_and(Trap::complete)
    }

    /// The workers that live.
    pub(super) fn pids(&self) -> Vec<Pid> {
        self.members.iter().filter_map(|member| member.pid).collect()
    }
}

impl<T: Shared> Drop for Crew<'_, T> {
    /// Sends the workers home, and kills those that do not go.
    fn drop(&mut self) {
        self.control().dismiss();
        let end = Instant::now() + FAREWELL;
        for pid in self.pids() {
            let left = end.saturating_duration_since(Instant::now());
            if let Ok(None) = process::reap_within(pid, left) {
                // A failure here has nobody to be told to: the run is over.
                let _ = bury(pid);
            }
        }
    }
}

/// Half a line that waits to be printed would be printed by each child too.
fn flush_before_fork() {
    // Where standard output is closed, nothing is printed twice either.
    let _ = std::io::stdout().flush();
}

/// Whether processes have slept without a stir for long enough.
#[derive(Default)]
struct Stillness {
    since: Option<(Instant, Vec<u64>)>,
}

impl Stillness {
    fn lasts(&mut self, counts: Option<Vec<u64>>) -> bool {
        match (&self.since, counts) {
            (Some((since, before)), Some(now)) if *before == now => since.elapsed() >= STUCK,
            (_, counts) => {
                self.since = counts.map(|counts| (Instant::now(), counts));
                false
            }
        }
    }
}

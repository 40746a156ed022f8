//! Runs one execution after another, and says how each ended.
//!
//! Idea: the parent owns the two mappings and the control page; it resets both,
//! asks the zygote for an execution, and reads the log.

use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

use super::calls::filter;
use super::instructions::plan::Plans;
use super::world::World;
use super::zygote::{self, Zygote};
use super::{sys, verdicts};
use crate::memory::{Mapping, Memory};
use crate::sim::limits::{MAX_PROCESSES, MAX_STEPS, SPIN_TURNS};
use crate::sim::order::{Execution, Order};
use crate::sim::processes::ProcessSet;
use crate::sim::record::Step;
use crate::sim::turns::control::{Control, Ending};
use crate::sim::{SimError, symbols};
use crate::trap::Trap;
use crate::{ProcessEnd, Scenario, Shared, Verdict, panics, thousands};

/// A scenario ready to be executed, again and again.
pub struct Runner<'a, T: Shared> {
    scenario: &'a Scenario<T>,
    state: Mapping,
    control: Mapping,
    image: Vec<u8>,
    names: Option<Trap>,
    zygote: Pid,
    step_limit: u32,
    spin_turns: u8,
    /// Executions asked for so far.
    asked: u32,
    marker: PhantomData<T>,
}

impl<'a, T: Shared> Runner<'a, T> {
    /// Maps the state, runs the scenario's setup, and forks the zygote. An
    /// execution is given up after `step_limit` steps (1 to 65,536), and as hung
    /// when no step was made for `hang_after`, in real time.
    ///
    /// # Errors
    /// See [`SimError`]; nothing is left behind.
    pub fn new(
        scenario: &'a Scenario<T>,
        step_limit: u32,
        hang_after: Duration,
    ) -> Result<Self, SimError> {
        let count = scenario.processes.len();
        if count == 0 || count > MAX_PROCESSES - 1 {
            return Err(SimError::ProcessCount { found: count, limit: MAX_PROCESSES - 1 });
        }
        let most = MAX_STEPS as u32;
        if !(1..=most).contains(&step_limit) {
            let why = format!(
                "step_limit is {}; it can be 1 to {}",
                thousands(step_limit),
                thousands(most)
            );
            return Err(SimError::BadSearch { why });
        }
        if let Some(threads) = crate::process::threads().filter(|threads| *threads > 1) {
            return Err(SimError::Threads { threads });
        }
        let tid_offset = zygote::find_tid_offset().ok_or_else(unknown_libc)?;
        let memory = Memory::new(size_of::<T>())?;
        let (state, alias) = (memory.map()?, memory.map()?);
        // A process that had its descriptor could change the state without a step.
        drop(memory);
        let control = Memory::new(size_of::<Page>())?.map()?;
        if !filter::fits(state.base().addr().get() as u64, state.len() as u64) {
            return Err(SimError::Placement);
        }
        // Where names cannot be logged, leaks are not noticed.
        let names = Trap::new()?;
        panics::catch(|| (scenario.setup)(state.as_shared()))
            .map_err(|message| SimError::Setup { scenario: scenario.name.clone(), message })?;
        let image = state.to_vec(state.len());
        let Page { control: page, plans } = page_of(&control);
        page.count.set(count as u8);
        page.recovers.set(scenario.recovery.is_some());
        page.hang_ms.set(u64::try_from(hang_after.as_millis()).unwrap_or(u64::MAX));
        symbols::forget();
        let (robust_list, parent) = (robust_list(), sys::pid());
        // SAFETY: the program has one thread, so its copy is whole.
        let zygote = match unsafe { fork() }? {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                sys::die_with(parent);
                if let Some(names) = &names {
                    names.write_log();
                }
                let shared: &T = state.as_shared();
                let world = World::install(
                    page,
                    plans,
                    state.base(),
                    alias.base(),
                    state.len(),
                    robust_list,
                );
                let (confine, confined) = (|| scenario.confine(), scenario.confinement.is_some());
                serve(
                    scenario,
                    shared,
                    Zygote { world, bodies: vec![], confine: &confine, confined, tid_offset },
                )
            }
        };
        let runner = Self {
            scenario,
            state,
            control,
            image,
            names,
            zygote,
            step_limit,
            spin_turns: SPIN_TURNS,
            asked: 0,
            marker: PhantomData,
        };
        runner.wait_for_answer(0)?;
        match runner.page().ending.get() {
            Ending::Refused => Err(SimError::Unsupported { why: runner.page().refusal.get() }),
            _ => Ok(runner),
        }
    }

    /// Lets a process go on `turns` times although it spins, until the next change;
    /// 8, if nobody says.
    pub fn let_spin(&mut self, turns: u8) {
        self.spin_turns = turns;
    }

    fn page(&self) -> &Control {
        &page_of(&self.control).control
    }

    /// The scenario that is run.
    pub fn scenario(&self) -> &'a Scenario<T> {
        self.scenario
    }

    /// The bytes of the state before the first step.
    pub fn image(&self) -> &[u8] {
        &self.image[..size_of::<T>()]
    }

    /// Runs one execution.
    ///
    /// # Errors
    /// [`SimError::Refused`] where a process asked for what is not emulated;
    /// [`SimError::Lost`] where the zygote is gone.
    pub fn run(&mut self, order: &Order) -> Result<Execution, SimError> {
        if order.prefix.len() > MAX_STEPS {
            let why = format!("an execution has at most {} steps", thousands(MAX_STEPS as u32));
            return Err(SimError::CannotFollow { step: MAX_STEPS + 1, why });
        }
        self.state.copy_from(&self.image);
        self.asked += 1;
        let page = self.page();
        page.reset();
        page.random.start(order.seed);
        page.kill_chance.set(order.kills.0);
        page.kills_left.set(order.kills.1);
        page.timeout_chance.set(order.timeouts);
        page.step_limit.set(self.step_limit);
        page.spin_turns.set(self.spin_turns);
        page.patient.set(ProcessSet::from_bits(page.random.draw() as u32));
        page.policy.start(order.policy, page.processes().len(), &page.random);
        page.traced.set(order.traced);
        for (slot, choice) in page.prefix.iter().zip(&order.prefix) {
            slot.set(*choice);
        }
        page.prefix_len.set(order.prefix.len() as u32);
        // Release: pairs with the Acquire in the zygote.
        page.asked.store(self.asked, Release);
        sys::futex_wake(&page.asked);
        self.wait_for_answer(self.asked)?;
        self.read()
    }

    /// Waits until the zygote has answered `seen + 1` times.
    fn wait_for_answer(&self, seen: u32) -> Result<(), SimError> {
        let answered = &self.page().answered;
        // Acquire: pairs with the Release in the zygote.
        while answered.load(Acquire) == seen {
            sys::futex_wait_for(answered, seen, 1000);
            let ended = waitpid(self.zygote, Some(WaitPidFlag::WNOHANG));
            let alive = matches!(ended, Ok(nix::sys::wait::WaitStatus::StillAlive));
            if !alive && answered.load(Acquire) == seen {
                return Err(SimError::Lost);
            }
        }
        Ok(())
    }

    fn read(&self) -> Result<Execution, SimError> {
        let page = self.page();
        if page.ending.get() == Ending::Refused {
            let culprit = usize::from(page.culprit.get());
            let process = self.name(culprit);
            return Err(SimError::Refused { process, what: page.refusal.get() });
        }
        if page.ending.get() == Ending::Starved {
            let process = self.name(page.culprit.get().into());
            let (after_ms, used_ms) = page.waited_ms.get();
            return Err(SimError::Starved { process, after_ms, used_ms });
        }
        let count = page.steps.get() as usize;
        let steps: Vec<Step> = page.log[..count].iter().map(std::cell::Cell::get).collect();
        let ends: Vec<ProcessEnd> = page.processes().iter().filter_map(verdicts::end_of).collect();
        self.explain(&steps, &ends)?;
        let frames = if page.traced.get() {
            page.frames[..count].iter().map(std::cell::Cell::get).collect()
        } else {
            Vec::new()
        };
        let log = verdicts::Log { image: self.image(), steps: &steps };
        let (outcome, verdict) =
            verdicts::judge(self.scenario, self.state.as_shared(), page, &ends, &log);
        let verdict = self.with_leaks(verdict, &ends);
        let diverged = page.diverged.get().map(|index| index as usize);
        Ok(Execution { steps, frames, ends, outcome, verdict, diverged })
    }

    /// The steps must explain how the shared state has changed: what changed it in
    /// another way, such as through `/proc/self/mem`, changed it unseen.
    fn explain(&self, steps: &[Step], ends: &[ProcessEnd]) -> Result<(), SimError> {
        if ends.iter().any(|end| matches!(end, ProcessEnd::Signalled { .. })) {
            // It may have been struck between a change and the note of it.
            return Ok(());
        }
        let mut explained = self.image().to_vec();
        for step in steps.iter().filter(|step| step.before != step.after) {
            let start = step.what.offset as usize;
            // What lies in the last page behind the state is nobody's.
            let bytes = explained.iter_mut().skip(start).take(step.what.size.into());
            bytes.zip(step.after).for_each(|(byte, after)| *byte = after);
        }
        let found = self.state.to_vec(explained.len());
        let Some(at) = explained.iter().zip(&found).position(|(is, was)| is != was) else {
            return Ok(());
        };
        let (is, was) = (found[at], explained[at]);
        let what = format!(
            "the shared state was changed other than by access to it: byte {at} is {is}, and \
             its last access left {was}"
        );
        Err(SimError::Refused { process: "a process".into(), what })
    }

    /// Removes the segments that were left; one that nobody was killed over is a
    /// leak, if nothing worse was found.
    fn with_leaks(&self, verdict: Verdict, ends: &[ProcessEnd]) -> Verdict {
        let left = self.names.as_ref().map_or_else(Vec::new, Trap::remove_left);
        let killed = ends.contains(&ProcessEnd::Killed) && !self.page().recovers.get();
        // Who waits for ever, as was foreseen, has had no time to clean up.
        let excused = killed || ends.contains(&ProcessEnd::TimedOut);
        if left.is_empty() || excused || !verdict.held() {
            return verdict;
        }
        Verdict::Leaked { what: left.join(", ") }
    }

    fn name(&self, process: usize) -> String {
        self.scenario.process_name(process)
    }
}

impl<T: Shared> Drop for Runner<'_, T> {
    fn drop(&mut self) {
        let page = self.page();
        page.asked.store(zygote::STOP, Release);
        sys::futex_wake(&page.asked);
        // Idle, it ends at once; busy (an error left it so), it is ended.
        let _ = nix::sys::signal::kill(self.zygote, nix::sys::signal::Signal::SIGKILL);
        let _ = waitpid(self.zygote, None);
        page.asked.store(0, Relaxed);
    }
}

fn unknown_libc() -> SimError {
    SimError::Unsupported { why: "the thread descriptor of this C library is unknown".into() }
}

/// The body of the zygote: binds the scenario's bodies to the state.
fn serve<T: Shared>(scenario: &Scenario<T>, shared: &T, zygote: Zygote<'_>) -> ! {
    let bound: Vec<Box<dyn Fn() -> String + '_>> = scenario
        .processes
        .iter()
        .map(|process| &process.body)
        .chain(&scenario.recovery)
        .map(|body| Box::new(move || body(shared)) as Box<dyn Fn() -> String + '_>)
        .collect();
    let bodies = bound.iter().map(|body| &**body as zygote::Body<'_>).collect();
    Zygote { bodies, ..zygote }.serve()
}

/// What the parent, the zygote and the processes share beside the state under test.
#[repr(C)]
struct Page {
    control: Control,
    plans: Plans,
}

fn page_of(mapping: &Mapping) -> &'static Page {
    // SAFETY:
    // - bounds and alignment: the mapping was made for a `Page`, on a page;
    // - validity: zeroes are a valid `Page`, and all who write are this program;
    // - lifetime: the runner keeps the mapping, and no reference outlives the
    //   runner; in the zygote and its children it is never unmapped;
    // - peers: only the process that has the turn touches it.
    unsafe { mapping.base().cast::<Page>().as_ref() }
}

/// Where glibc registered this thread's list of robust mutexes; 0 if nowhere.
fn robust_list() -> u64 {
    let (mut head, mut len) = (0u64, 0u64);
    let arguments = [0, (&raw mut head) as u64, (&raw mut len) as u64, 0, 0];
    // SAFETY: both results are valid for writes of one word.
    let result = unsafe { sys::call(libc::SYS_get_robust_list, arguments) };
    if result == 0 { head } else { 0 }
}

//! An owner that ends: the next one is told exactly when the kernel would tell it.
//!
//! Idea: simulated processes are forks of this program, so an instruction has the
//! same address in a real child. The owner is killed before each of its steps in
//! the simulation; and a real child is stepped, one instruction at a time, to the
//! same instruction, and there gets a real SIGKILL.

use std::io::Error;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::unistd::{ForkResult, Pid, fork};
use shmkv_harness::sim::{Execution, Op, Order, Runner, Schedule, Search, Step, replay};
use shmkv_harness::{Scenario, Verdict, shared};

use crate::common::{HANG, execute, search};
use crate::sync::{Object, State, call, initialise, initialise_mutex, ok};

/// The offset of the instruction pointer in the kernel's `user` area: register 16.
const RIP: usize = 16 * 8;

/// The length of the instruction `syscall`, behind which a stopped call is seen.
const SYSCALL: u64 = 2;

/// More instructions than the owner has, by far.
const MOST: u32 = 1_000_000;

fn own(state: &State) {
    ok!(pthread_mutex_lock(state.mutex.get()));
    // While it holds the mutex: the only step on the count.
    state.count.store(1, Relaxed);
    ok!(pthread_mutex_unlock(state.mutex.get()));
}

/// What the next owner is told: 0, or EOWNERDEAD.
fn follow(state: &State) -> String {
    let told = call!(pthread_mutex_lock(state.mutex.get()));
    if told == libc::EOWNERDEAD {
        ok!(pthread_mutex_consistent(state.mutex.get()));
    }
    ok!(pthread_mutex_unlock(state.mutex.get()));
    told.to_string()
}

fn scenario(kind: i32) -> Scenario<State> {
    Scenario::new("owner", move |state: &State| initialise(state, kind, true))
        .process("owner", own)
        .process("next", follow)
}

/// Where to kill: before which visit to which instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    instruction: u64,
    visit: u32,
}

/// The place before each of the owner's steps. Steps that one instruction makes
/// in a row are one place: no signal comes between them.
fn places(execution: &Execution) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut last: Option<&Step> = None;
    for step in execution.steps.iter().filter(|step| step.process == 0) {
        let call = matches!(step.what.op, Op::Wait | Op::Wake);
        let instruction = step.what.ip - if call { SYSCALL } else { 0 };
        let place = match places.last() {
            Some(place) if last.is_some_and(|last| same_instruction(last, step)) => *place,
            _ => {
                let mut before: Vec<Place> = places.clone();
                before.dedup();
                let visits = before.iter().filter(|place| place.instruction == instruction);
                Place { instruction, visit: visits.count() as u32 }
            }
        };
        places.push(place);
        last = Some(step);
    }
    places
}

/// Whether two steps are the parts of one instruction: neighbouring pieces, or
/// the load and the store of an update that is not locked.
fn same_instruction(a: &Step, b: &Step) -> bool {
    let (a, b) = (&a.what, &b.what);
    let pieces = a.op == b.op && b.offset == a.offset + u32::from(a.size);
    let halves = (a.op, b.op) == (Op::Load, Op::Store) && a.offset == b.offset;
    a.ip == b.ip && matches!(a.op, Op::Load | Op::Store) && (pieces || halves)
}

/// Runs under a schedule; says what the next owner was told.
fn simulate(runner: &mut Runner<'_, State>, schedule: &str) -> (Execution, String) {
    let schedule: Schedule = schedule.parse().expect("a schedule");
    let order = Order { prefix: schedule.choices(), ..Order::default() };
    let execution = runner.run(&order).expect("an execution");
    assert_eq!(execution.diverged, None, "{schedule}");
    let told = match (&execution.verdict, execution.ends.last()) {
        (Verdict::Held, Some(shmkv_harness::ProcessEnd::Returned { value })) => value.clone(),
        _ => "stuck".into(),
    };
    (execution, told)
}

/// Shared memory of this process and its children, as a state.
struct Real {
    memory: std::ptr::NonNull<std::ffi::c_void>,
}

impl Real {
    fn new(kind: i32) -> Self {
        let len = std::num::NonZeroUsize::new(4096).expect("not zero");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: new memory.
        let memory = unsafe { mmap_anonymous(None, len, protection, MapFlags::MAP_SHARED) };
        let real = Self { memory: memory.expect("memory") };
        initialise(real.state(), kind, true);
        real
    }

    fn state(&self) -> &State {
        // SAFETY: zeroes are a valid state, and the memory is large enough.
        unsafe { self.memory.cast().as_ref() }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // SAFETY: children are gone, and nobody else uses it.
        unsafe { munmap(self.memory, 4096) }.expect("unmapped");
    }
}

/// A child that is killed and reaped in the end, whatever happens.
struct Child(Pid);

impl Child {
    fn new(work: impl FnOnce() -> i32) -> Self {
        // SAFETY: this program has one thread.
        match unsafe { fork() }.expect("a child") {
            ForkResult::Parent { child } => Self(child),
            ForkResult::Child => {
                let status = work();
                // SAFETY: it ends the process.
                unsafe { libc::_exit(status) }
            }
        }
    }

    fn ptrace(&self, request: libc::c_uint, address: usize) -> i64 {
        // SAFETY: none of the requests made here touches memory of this process.
        unsafe { libc::ptrace(request, self.0.as_raw(), address, 0) }
    }

    fn wait(&self) -> i32 {
        let mut status = 0;
        // SAFETY: the status is valid for a write.
        let waited = unsafe { libc::waitpid(self.0.as_raw(), &raw mut status, 0) };
        assert_eq!(waited, self.0.as_raw(), "{}", Error::last_os_error());
        status
    }

    /// Goes on, one instruction at a time, until it stands at `place`, of which
    /// `visits` have been passed.
    fn step_to(&self, place: Place, visits: &mut u32) {
        for _ in 0..MOST {
            if self.ptrace(libc::PTRACE_PEEKUSER, RIP) as u64 == place.instruction {
                *visits += 1;
                if *visits > place.visit {
                    return;
                }
            }
            assert_eq!(self.ptrace(libc::PTRACE_SINGLESTEP, 0), 0, "{}", Error::last_os_error());
            let status = self.wait();
            assert!(libc::WIFSTOPPED(status), "the owner ended before {place:?}");
        }
        panic!("{place:?} was not reached");
    }

    /// The status with which it exits; `None` if it does not.
    fn exits(&self) -> Option<i32> {
        let end = Instant::now() + HANG;
        while Instant::now() < end {
            let mut status = 0;
            // SAFETY: the status is valid for a write.
            let waited = unsafe { libc::waitpid(self.0.as_raw(), &raw mut status, libc::WNOHANG) };
            if waited == self.0.as_raw() {
                return Some(libc::WEXITSTATUS(status));
            }
            std::thread::yield_now();
        }
        None
    }

    fn wait_until_asleep(&self) {
        let end = Instant::now() + HANG;
        let stat = format!("/proc/{}/stat", self.0);
        let asleep = || {
            let stat = std::fs::read_to_string(&stat).expect("its state");
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
        };
        while !asleep() {
            assert!(Instant::now() < end, "it does not sleep");
            std::thread::yield_now();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: a child of this process that has not been reaped, or none.
        unsafe { libc::kill(self.0.as_raw(), libc::SIGKILL) };
        // SAFETY: no status is asked for.
        unsafe { libc::waitpid(self.0.as_raw(), std::ptr::null_mut(), 0) };
    }
}

/// A child that stands before its first instruction of `own`, and is traced.
fn traced_owner(state: &State) -> Child {
    let owner = Child::new(|| {
        // SAFETY: no memory is touched.
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
        // SAFETY: as above.
        unsafe { libc::raise(libc::SIGSTOP) };
        own(state);
        0
    });
    let status = owner.wait();
    assert!(libc::WIFSTOPPED(status), "children cannot be traced here: {status:#x}");
    owner
}

/// What the next owner is told when the owner is really killed at `place`; it
/// waits already, since the owner stood at `held`, if that is given.
fn kill_really(kind: i32, place: Place, held: Option<Place>) -> String {
    let real = Real::new(kind);
    let next = || Child::new(|| follow(real.state()).parse().unwrap_or(255));
    let owner = traced_owner(real.state());
    let (mut visits_held, mut visits) = (0, 0);
    let waiter = held.map(|held| {
        owner.step_to(held, &mut visits_held);
        let waiter = next();
        waiter.wait_until_asleep();
        waiter
    });
    owner.step_to(place, &mut visits);
    drop(owner);
    let told = waiter.unwrap_or_else(next).exits();
    told.map_or_else(|| "stuck".into(), |told| told.to_string())
}

const KINDS: [i32; 3] =
    [libc::PTHREAD_MUTEX_NORMAL, libc::PTHREAD_MUTEX_ERRORCHECK, libc::PTHREAD_MUTEX_RECURSIVE];

/// The next one comes when the owner is dead already.
pub fn next_owner_is_told_as_by_the_kernel() {
    for kind in KINDS {
        let scenario = scenario(kind);
        let mut runner = Runner::new(&scenario, 10_000, HANG).expect("a runner");
        let (alone, told) = simulate(&mut runner, "");
        assert_eq!(told, "0");
        let places = places(&alone);
        let mut seen = Vec::new();
        for (i, place) in places.iter().enumerate() {
            let steps = if i == 0 { String::new() } else { format!("0*{i},") };
            let (_, simulated) = simulate(&mut runner, &format!("{steps}0!"));
            assert_eq!(simulated, kill_really(kind, *place, None), "kind {kind}, step {i}");
            seen.push(simulated);
        }
        assert!(seen.contains(&"0".into()) && seen.contains(&"130".into()), "{seen:?}");
    }
}

/// The next one waits already: from when the owner holds the mutex to its end,
/// the moment between its unlocking and its wake-up among them.
pub fn waiter_is_told_as_by_the_kernel() {
    for kind in KINDS {
        let scenario = scenario(kind);
        let mut runner = Runner::new(&scenario, 10_000, HANG).expect("a runner");
        let (alone, _) = simulate(&mut runner, "");
        let own = alone.steps.iter().filter(|step| step.process == 0);
        let held = own.clone().position(|step| {
            step.what.op == Op::Store
                && step.what.offset as usize == std::mem::offset_of!(State, count)
        });
        let held = held.expect("the store while it is held");
        // The waiter goes as far as it can, and then the owner to its end.
        let (first, _) = simulate(&mut runner, &format!("0*{held},1"));
        let waits = first.steps.iter().position(|step| step.what.op == Op::Wait && step.took);
        let waits = waits.expect("the waiter waits") + 1 - held;
        let waits = format!("0*{held},1*{waits}");
        let (whole, told) = simulate(&mut runner, &waits);
        assert_eq!(told, "0");
        let places = places(&whole);
        let mut wakes = 0;
        for i in held..places.len() {
            let steps = if i == held { String::new() } else { format!(",0*{}", i - held) };
            let (_, simulated) = simulate(&mut runner, &format!("{waits}{steps},0!"));
            let real = kill_really(kind, places[i], Some(places[held]));
            assert_eq!(simulated, real, "kind {kind}, step {i}");
            wakes += u32::from(
                whole
                    .steps
                    .iter()
                    .filter(|s| s.process == 0)
                    .nth(i)
                    .is_some_and(|s| s.what.op == Op::Wake),
            );
        }
        assert_eq!(wakes, 1, "a kill between the unlocking and the wake-up is among them");
    }
}

/// However an owner ends, its mutex is marked.
pub fn every_end_of_an_owner_is_told() {
    let ends: [fn(&State); 5] = [
        |_| {},
        |_| std::process::exit(0),
        |_| panic!("an end"),
        |_| std::process::abort(),
        |state| {
            state.word.store(1, Relaxed);
            _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
        },
    ];
    for (i, end) in ends.into_iter().enumerate() {
        let scenario = Scenario::new("ends", |state: &State| {
            initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
        })
        .process("owner", move |state| {
            ok!(pthread_mutex_lock(state.mutex.get()));
            end(state);
        })
        .process("next", follow);
        let execution = execute(&scenario);
        let told = shmkv_harness::ProcessEnd::Returned { value: libc::EOWNERDEAD.to_string() };
        assert_eq!(execution.ends[1], told, "end {i}: {}", execution.verdict);
    }
}

/// Between the body's return and the kernel's mark, others may look.
pub fn end_of_an_owner_is_a_step() {
    let scenario = Scenario::new("looks", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .process("owner", |state| {
        call!(pthread_mutex_lock(state.mutex.get()));
        state.word.store(1, Relaxed);
    })
    .process("looker", |state| {
        let done = state.word.load(Relaxed);
        let told = call!(pthread_mutex_trylock(state.mutex.get()));
        format!("{done} {told}")
    });
    let report = search(&scenario, &Search::exhaustive(2));
    let looked = |wanted: &str| report.outcomes.iter().any(|row| row.outcome.ends_with(wanted));
    assert!(looked("1 16"), "after its last step it still holds the mutex: {report:?}");
    assert!(looked("1 130") && looked("0 0"), "{:?}", report.outcomes);
}

/// Whoever is stuck after a kill is killed before the recovery, which is then
/// told of the mutexes that it held.
pub fn recovery_is_told_of_those_that_were_stuck() {
    let scenario = Scenario::new("stuck", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
        ok!(sem_post(state.semaphore.get()));
    })
    .process("killed", |state| {
        ok!(sem_wait(state.semaphore.get()));
        ok!(sem_post(state.semaphore.get()));
    })
    .process("stuck", |state| {
        ok!(pthread_mutex_lock(state.mutex.get()));
        ok!(sem_wait(state.semaphore.get()));
        ok!(sem_post(state.semaphore.get()));
        ok!(pthread_mutex_unlock(state.mutex.get()));
    })
    .recovery(follow);
    let report = search(&scenario, &Search::exhaustive(1).with_kills());
    assert!(report.verdict.held() && report.complete, "{report}: {}", report.verdict);
    let recovered = |told: &str| report.outcomes.iter().any(|row| row.outcome == told);
    assert!(recovered("killed, killed, 130"), "{:?}", report.outcomes);
}

/// A mutex that is not robust is lost with its owner.
pub fn stalled_mutex_is_lost_with_its_owner() {
    let scenario = Scenario::new("stalled", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, false);
    })
    .process("owner", own)
    .process("next", follow);
    let report = search(&scenario, &Search::exhaustive(0).with_kills());
    assert!(report.verdicts.contains_key("deadlock") && report.verdicts.contains_key("held"));
}

/// The links of the list lie in shared memory, where a peer may write anything.
pub fn broken_list_harms_nobody() {
    let size = size_of::<libc::pthread_mutex_t>() as u32;
    for garbage in [8u32, 0xffff_ffff, 0x7fff_f000] {
        let scenario = Scenario::new("garbage", |state: &State| {
            initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
        })
        .process("owner", move |state| {
            ok!(pthread_mutex_lock(state.mutex.get()));
            let words: *const AtomicU32 = state.mutex.get().cast_const().cast();
            // The mutex's own link is its last eight bytes.
            let link = words.wrapping_add(size as usize / 4 - 2);
            // SAFETY: within the mutex.
            unsafe { &*link }.store(garbage, Relaxed);
        });
        let report = search(&scenario, &Search::exhaustive(0).with_kills());
        assert!(report.verdict.held() && report.complete, "{garbage:#x}: {}", report.verdict);
    }
}

/// Three owners, one killed at each step, and a bounded wait for each: nobody is
/// left waiting.
pub fn survivors_go_on_after_a_kill() {
    let scenario = Scenario::new("survivors", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .processes(2, "p", |_, state| follow(state));
    let report =
        search(&scenario, &Search::exhaustive(1).with_kills().hang_after(Duration::from_secs(10)));
    assert!(report.verdict.held() && report.complete, "{report}: {}", report.verdict);
    assert!(report.outcomes.iter().any(|row| row.outcome.contains("130")), "{report}");
}

/// A mutex is initialised again while its owner has it on its list, which then ends
/// in nothing, and taken again, which makes the list a circle. What becomes of the
/// mutex is what the kernel makes of such a list, and the timeline says so.
pub fn list_with_a_mutex_twice_is_told() {
    let again = |state: &State| {
        ok!(pthread_mutex_lock(state.mutex.get()));
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    };
    let nowhere = Scenario::new("nowhere", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .process("owner", again)
    .process("next", follow);
    let circle = Scenario::new("circle", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .process("owner", move |state| {
        again(state);
        ok!(pthread_mutex_lock(state.mutex.get()));
    })
    .process("next", follow);
    for (scenario, told, note) in [(nowhere, "0", "leads nowhere"), (circle, "130", "is a circle")]
    {
        let shown = replay(&scenario, &Schedule::default()).expect("a replay");
        assert_eq!(shown.verdict, Verdict::Held, "{note}");
        assert!(shown.timeline.outcome.ends_with(told), "{note}: {}", shown.timeline.outcome);
        assert!(shown.timeline.to_string().contains(note), "{note}: {}", shown.timeline);
    }
}

shared! {
    struct Undo {
        mutex: Object<libc::pthread_mutex_t>,
        words: [AtomicU32; 2],
        saved: AtomicU32,
        armed: AtomicU32,
    }
}

/// Changes both words under the mutex, with an undo record. One whose predecessor died
/// restores them, and disarms the record before that or after.
fn change_both(undo: &Undo, disarm_first: bool) -> String {
    if call!(pthread_mutex_lock(undo.mutex.get())) == libc::EOWNERDEAD {
        if undo.armed.load(Relaxed) == 1 {
            if disarm_first {
                undo.armed.store(0, Relaxed);
            }
            undo.words.iter().for_each(|word| word.store(undo.saved.load(Relaxed), Relaxed));
            undo.armed.store(0, Relaxed);
        }
        ok!(pthread_mutex_consistent(undo.mutex.get()));
    }
    let [a, b] = [0, 1].map(|i| undo.words[i].load(Relaxed));
    undo.saved.store(a, Relaxed);
    undo.armed.store(1, Relaxed);
    undo.words.iter().for_each(|word| word.store(a + 1, Relaxed));
    undo.armed.store(0, Relaxed);
    ok!(pthread_mutex_unlock(undo.mutex.get()));
    if a == b { "whole".to_owned() } else { format!("torn: {a} and {b}") }
}

fn undo(disarm_first: bool) -> Scenario<Undo> {
    Scenario::new("undo", |undo: &Undo| {
        initialise_mutex(&undo.mutex, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .processes(3, "p", move |_, undo| change_both(undo, disarm_first))
    .invariant("whoever takes the mutex finds it whole", |end| {
        let torn = |i: &usize| end.returned(*i).is_some_and(|said| said.starts_with("torn"));
        match (0..3).find(torn) {
            Some(i) => Err(end.returned(i).unwrap_or_default().to_owned()),
            None => Ok(()),
        }
    })
}

/// Schedule: the first is killed between its stores; the second has disarmed the undo
/// record, and is killed before it has restored; the third believes what it finds. With
/// one kill, and where the record is disarmed last, nothing is found.
pub fn two_kills_show_that_the_undo_record_was_disarmed_first() {
    for (kills, disarm_first, fails) in [(1, true, false), (2, true, true), (2, false, false)] {
        let options = Search { kills, ..Search::exhaustive(0).stop_at_first_failure(true) };
        let report = search(&undo(disarm_first), &options);
        let case = format!("{kills} kills, disarmed first: {disarm_first}: {report}");
        assert_eq!(report.verdict.word(), if fails { "violated" } else { "held" }, "{case}");
        assert_eq!(report.complete, !fails, "{case}");
        assert_eq!(report.to_string().contains("up to 2 kills"), kills == 2, "{case}");
    }
}

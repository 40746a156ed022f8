//! Bare futexes, beside the kernel's own: the same calls, made by real processes
//! and by simulated ones, return the same and wake the same waiters.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};
use shmkv_harness::{Scenario, shared};

use crate::common::{execute, refusal};

shared! {
    struct State {
        word: AtomicU32,
        other: AtomicU32,
        woken: AtomicU32,
        order: [AtomicU32; 4],
    }
}

const WAITERS: usize = 3;

/// `futex(2)`: its result, or minus the error number.
fn futex(
    word: *const AtomicU32,
    op: i32,
    value: i32,
    timeout: usize,
    word2: *const AtomicU32,
    value3: u32,
) -> i64 {
    // SAFETY: words are the state's, or the call is to fail.
    let result = unsafe { libc::syscall(libc::SYS_futex, word, op, value, timeout, word2, value3) };
    if result < 0 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        result
    }
}

/// Waiter `i` has bit `i` of the bitset, and says when it was woken.
fn wait(state: &State, i: usize) {
    let result = futex(&state.word, libc::FUTEX_WAIT_BITSET, 0, 0, std::ptr::null(), 1 << i);
    assert_eq!(result, 0);
    let place = state.woken.fetch_add(1, SeqCst);
    state.order[place as usize].store(i as u32 + 1, SeqCst);
}

/// Makes some calls, and says after each what it returned and who was woken.
struct Caller<'a> {
    state: &'a State,
    told: Vec<String>,
    seen: u32,
}

impl Caller<'_> {
    fn call(&mut self, op: i32, value: i32, value2: i32, value3: u32) {
        let (word, other) = (&raw const self.state.word, &raw const self.state.other);
        self.call_on(word, op, value, value2, other, value3);
    }

    /// `woken` waiters are expected to say so: they are waited for.
    fn call_on(
        &mut self,
        word: *const AtomicU32,
        op: i32,
        value: i32,
        value2: i32,
        word2: *const AtomicU32,
        value3: u32,
    ) {
        let result = futex(word, op, value, value2 as usize, word2, value3);
        let requeues = matches!(op, libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE);
        // A requeue counts those that it moved as well as those that it woke.
        let woken = if requeues { result.min(value.into()) } else { result }.max(0) as u32;
        let end = Instant::now() + Duration::from_secs(10);
        while self.state.order[(self.seen + woken).saturating_sub(1) as usize].load(SeqCst) == 0
            && woken > 0
        {
            assert!(Instant::now() < end, "{woken} were to be woken");
            std::thread::yield_now();
        }
        let mut who: Vec<u32> = (self.seen..self.seen + woken)
            .map(|i| self.state.order[i as usize].load(SeqCst))
            .collect();
        who.sort_unstable();
        self.seen += woken;
        self.told.push(format!("{result} woke {who:?}"));
    }
}

type Calls = fn(&mut Caller<'_>);

fn make(state: &State, calls: Calls) -> String {
    let mut caller = Caller { state, told: Vec::new(), seen: 0 };
    calls(&mut caller);
    // Whoever is left must not wait forever.
    for word in [&state.word, &state.other] {
        futex(word, libc::FUTEX_WAKE, i32::MAX, 0, std::ptr::null(), 0);
    }
    caller.told.join("; ")
}

/// The calls by this process, on waiters that are children of it.
fn natively(calls: Calls) -> String {
    let len = std::num::NonZeroUsize::new(4096).expect("not zero");
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory.
    let memory =
        unsafe { mmap_anonymous(None, len, protection, MapFlags::MAP_SHARED) }.expect("memory");
    // SAFETY: zeroes are a valid state, and the memory is large enough.
    let state: &State = unsafe { memory.cast().as_ref() };
    let waiters: Vec<Pid> = (0..WAITERS).map(|i| sleeping(|| wait(state, i))).collect();
    let told = make(state, calls);
    for waiter in waiters {
        let _ = kill(waiter, Signal::SIGKILL);
        waitpid(waiter, None).expect("a child");
    }
    // SAFETY: nobody uses it any more.
    unsafe { munmap(memory, 4096) }.expect("unmapped");
    told
}

/// A child that does `work`, once it sleeps.
fn sleeping(work: impl Fn()) -> Pid {
    // SAFETY: this program has one thread.
    let child = match unsafe { fork() }.expect("a child") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            work();
            // SAFETY: it ends the process.
            unsafe { libc::_exit(0) }
        }
    };
    let end = Instant::now() + Duration::from_secs(10);
    let asleep = |pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
    };
    while !asleep(child) {
        assert!(Instant::now() < end, "it does not sleep");
        std::thread::yield_now();
    }
    child
}

/// The same in a simulation: the waiters go first, in order.
fn simulated(calls: Calls) -> String {
    let scenario = Scenario::new("futex", |_: &State| {})
        .processes(WAITERS, "waiter", |i, state| wait(state, i))
        .process("caller", move |state| make(state, calls))
        .outcome(|end| end.returned(WAITERS).unwrap_or("nothing").to_owned());
    let execution = execute(&scenario);
    assert!(execution.verdict.held(), "{}", execution.verdict);
    execution.outcome
}

pub fn wakes_and_requeues_are_those_of_the_kernel() {
    use libc::{FUTEX_CMP_REQUEUE, FUTEX_REQUEUE, FUTEX_WAKE, FUTEX_WAKE_BITSET};
    let programs: [Calls; 14] = [
        |caller| (0..4).for_each(|_| caller.call(FUTEX_WAKE, 1, 0, 0)),
        |caller| caller.call(FUTEX_WAKE, 0, 0, 0),
        |caller| caller.call(FUTEX_WAKE, -1, 0, 0),
        |caller| caller.call(FUTEX_WAKE, 2, 0, 0),
        |caller| caller.call(FUTEX_WAKE, i32::MAX, 0, 0),
        |caller| caller.call(FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1, 0, 0),
        |caller| {
            caller.call(FUTEX_WAKE_BITSET, i32::MAX, 0, 0b010);
            caller.call(FUTEX_WAKE_BITSET, i32::MAX, 0, 0b1000);
            caller.call(FUTEX_WAKE_BITSET, 1, 0, 0b101);
            caller.call(FUTEX_WAKE_BITSET, 1, 0, 0);
        },
        |caller| {
            caller.call(FUTEX_REQUEUE, 1, 1, 0);
            caller.call_on(&caller.state.other, FUTEX_WAKE, 9, 0, std::ptr::null(), 0);
            caller.call(FUTEX_WAKE, 9, 0, 0);
        },
        |caller| {
            caller.call(FUTEX_REQUEUE, 0, i32::MAX, 0);
            caller.call(FUTEX_WAKE, 9, 0, 0);
            caller.call_on(&caller.state.other, FUTEX_WAKE, 1, 0, std::ptr::null(), 0);
        },
        |caller| {
            // The first waiter goes behind the others.
            caller.call(FUTEX_REQUEUE, 0, 1, 0);
            caller.call_on(&caller.state.other, FUTEX_REQUEUE, 0, 1, &caller.state.word, 0);
            (0..3).for_each(|_| caller.call(FUTEX_WAKE, 1, 0, 0));
        },
        |caller| {
            // Nowhere else: each is moved once.
            caller.call_on(&caller.state.word, FUTEX_REQUEUE, 0, i32::MAX, &caller.state.word, 0);
            (0..3).for_each(|_| caller.call(FUTEX_WAKE, 1, 0, 0));
        },
        |caller| {
            caller.call(FUTEX_CMP_REQUEUE, 1, 9, 1);
            caller.call(FUTEX_CMP_REQUEUE, 1, 9, 0);
            caller.call_on(&caller.state.other, FUTEX_WAKE, 9, 0, std::ptr::null(), 0);
        },
        |caller| {
            caller.call(FUTEX_REQUEUE, -1, 1, 0);
            caller.call(FUTEX_REQUEUE, 1, -1, 0);
        },
        |caller| {
            // Bits are kept through a requeue.
            caller.call(FUTEX_REQUEUE, 0, 2, 0);
            caller.call_on(&caller.state.other, FUTEX_WAKE_BITSET, 9, 0, std::ptr::null(), 0b110);
            caller.call_on(&caller.state.other, FUTEX_WAKE_BITSET, 9, 0, std::ptr::null(), 0b001);
        },
    ];
    for (i, program) in programs.into_iter().enumerate() {
        assert_eq!(simulated(program), natively(program), "program {i}");
    }
}

/// Calls that return at once; the state is at one address in both worlds.
fn immediate_calls(state: &State) -> Vec<i64> {
    use libc::{FUTEX_REQUEUE, FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAKE, FUTEX_WAKE_BITSET};
    let (none, word) = (std::ptr::null(), &raw const state.word);
    let nowhere = 0x1000 as *const AtomicU32;
    let odd = word.cast::<u8>().wrapping_add(1).cast();
    let time = |tv_sec, tv_nsec| libc::timespec { tv_sec, tv_nsec };
    let (past, invalid, negative) = (time(0, 1), time(0, 1_000_000_000), time(-1, 0));
    let private = AtomicU32::new(5);
    let address = |time: &libc::timespec| std::ptr::from_ref(time) as usize;
    vec![
        futex(word, FUTEX_WAIT, 1, 0, none, 0),
        futex(&raw const private, FUTEX_WAIT, 6, 0, none, 0),
        futex(word, FUTEX_WAIT, 1, address(&past), none, 0),
        futex(word, FUTEX_WAIT, 0, address(&invalid), none, 0),
        futex(word, FUTEX_WAIT, 0, address(&negative), none, 0),
        futex(word, FUTEX_WAIT, 0, 0x1000, none, 0),
        futex(word, FUTEX_WAIT, 0, address(&past), none, 0),
        futex(word, FUTEX_WAIT_BITSET, 0, address(&past), none, u32::MAX),
        futex(word, FUTEX_WAIT_BITSET | libc::FUTEX_CLOCK_REALTIME, 0, address(&past), none, 1),
        futex(word, FUTEX_WAIT_BITSET, 0, address(&past), none, 0),
        futex(word, FUTEX_WAIT_BITSET, 1, address(&past), none, 1),
        futex(
            &raw const private,
            FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            5,
            address(&past),
            none,
            0,
        ),
        futex(odd, FUTEX_WAIT, 0, address(&past), none, 0),
        futex(odd, FUTEX_WAKE, 1, 0, none, 0),
        futex(nowhere, FUTEX_WAIT, 0, 0, none, 0),
        futex(word, FUTEX_WAKE, 1, 0, none, 0),
        futex(word, FUTEX_WAKE_BITSET, 1, 0, none, 0),
        futex(&raw const private, FUTEX_WAKE, 1, 0, none, 0),
        futex(word, FUTEX_REQUEUE, 1, 1, odd, 0),
        futex(word, FUTEX_REQUEUE, 1, 1, nowhere, 0),
        futex(word, FUTEX_REQUEUE, 1, 1, word, 0),
    ]
}

pub fn results_at_once_are_those_of_the_kernel() {
    let native = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let wanted = std::rc::Rc::clone(&native);
    let scenario = Scenario::new("at once", move |state: &State| {
        *native.borrow_mut() = immediate_calls(state);
    })
    .process("p", move |state| assert_eq!(immediate_calls(state), *wanted.borrow()));
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

/// Relative, absolute on both clocks: each ends when its time has come.
pub fn waits_end_by_the_virtual_clock() {
    fn now(clock: i32) -> libc::timespec {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the result is valid for a write.
        assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut time) }, 0);
        time
    }
    let scenario = Scenario::new("times", |_: &State| {}).process("p", |state| {
        let relative = libc::timespec { tv_sec: 2, tv_nsec: 500_000_000 };
        let clocks = [
            (libc::FUTEX_WAIT, libc::CLOCK_MONOTONIC),
            (libc::FUTEX_WAIT_BITSET, libc::CLOCK_MONOTONIC),
            (libc::FUTEX_WAIT_BITSET | libc::FUTEX_CLOCK_REALTIME, libc::CLOCK_REALTIME),
        ];
        for (op, clock) in clocks {
            let before = now(clock);
            let mut until = relative;
            if op != libc::FUTEX_WAIT {
                until.tv_sec += before.tv_sec + (before.tv_nsec + until.tv_nsec) / 1_000_000_000;
                until.tv_nsec = (before.tv_nsec + until.tv_nsec) % 1_000_000_000;
            }
            let timeout = (&raw const until) as usize;
            let result = futex(&state.word, op, 0, timeout, std::ptr::null(), u32::MAX);
            assert_eq!(result, -i64::from(libc::ETIMEDOUT));
            let after = now(clock);
            let passed =
                (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec;
            assert!((2_500_000_000..2_500_010_000).contains(&passed), "{passed}");
        }
    });
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

pub fn other_operations_are_refused_by_name() {
    let operations = [
        (libc::FUTEX_WAKE_OP, "FUTEX_WAKE_OP"),
        (libc::FUTEX_LOCK_PI, "FUTEX_LOCK_PI"),
        (libc::FUTEX_UNLOCK_PI, "FUTEX_UNLOCK_PI"),
        (libc::FUTEX_TRYLOCK_PI, "FUTEX_TRYLOCK_PI"),
        (libc::FUTEX_WAIT_REQUEUE_PI, "FUTEX_WAIT_REQUEUE_PI"),
        (libc::FUTEX_CMP_REQUEUE_PI, "FUTEX_CMP_REQUEUE_PI"),
        (libc::FUTEX_FD, "FUTEX_FD"),
        (99, "unknown"),
    ];
    for (op, name) in operations {
        let sentence = refusal(move |state: &State| {
            futex(&state.word, op, 1, 0, &state.other, 0);
        });
        assert_eq!(
            sentence,
            format!("p: futex operation {op} ({name}) is not emulated by the simulator")
        );
    }
}

/// Schedule: one takes the only token of a count, and ends; another waits for a token.
/// A count is no lock: nobody holds what was taken from it.
pub fn word_that_counts_has_no_holder() {
    let scenario = Scenario::new("tokens", |state: &State| state.word.store(1, SeqCst))
        .process("taker", |state| {
            state.word.fetch_sub(1, SeqCst);
        })
        .process("waiter", |state| {
            futex(&state.word, libc::FUTEX_WAIT, 0, 0, std::ptr::null(), 0);
        });
    let verdict = execute(&scenario).verdict;
    assert_eq!(verdict.to_string(), "deadlock: waiter waits on word");
}

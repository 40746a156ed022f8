//! Processes that do what one would not expect of a scenario: each has its answer.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction};
use nix::unistd::{Pid, getpid, getppid};
use shmkv::{Segment, SegmentName, Semaphore};
use shmkv_harness::sim::{Order, Runner, Search, SimError, explore};
use shmkv_harness::{Measured, Scenario, Verdict, shared};

use crate::common::{assert_holds, execute, refusal, search, unsound, verdict_on};

shared! {
    struct State { semaphore: Semaphore, word: AtomicU32 }
}

/// `cause` of a crash, and where it was.
#[track_caller]
fn crash(body: impl Fn(&State) + 'static) -> (String, String) {
    match verdict_on(body) {
        Verdict::Crashed { cause, location, .. } => (cause, location.unwrap_or_default()),
        other => panic!("{other}"),
    }
}

pub fn exit_is_a_crash_with_its_status() {
    let (cause, _) = crash(|state| {
        state.word.store(1, Relaxed);
        std::process::exit(3);
    });
    assert_eq!(cause, "exit(3)");
    let (cause, _) = crash(|_| unsound! { libc::_exit(0) });
    assert_eq!(cause, "exit(0)");
}

pub fn abort_is_a_crash_with_its_line() {
    let (cause, place) = crash(|_| std::process::abort());
    assert_eq!(cause, "SIGABRT");
    assert!(place.ends_with(&format!("odd.rs:{}", line!() - 2)), "{place}");
}

pub fn panic_is_told_with_message_and_place() {
    let verdict = verdict_on(|state: &State| panic!("the word is {}", state.word.load(Relaxed)));
    let (message, place) = ("panicked: p: the word is 0, at ", "odd.rs:");
    let told = verdict.to_string();
    assert!(told.starts_with(message) && told.contains(place), "{told}");
}

/// Such a panic ends in SIGABRT.
pub fn panic_that_cannot_unwind_is_told_too() {
    extern "C" fn cannot_unwind() {
        panic!("no way out");
    }
    let verdict = verdict_on(|_: &State| cannot_unwind());
    assert!(verdict.to_string().starts_with("panicked: p: no way out, at "), "{verdict}");
}

pub fn panic_that_the_body_catches_is_none() {
    assert_holds(|_: &State| {
        let caught = std::panic::catch_unwind(|| panic!("caught"));
        assert!(caught.is_err());
    });
    let (cause, _) = crash(|_| {
        let _ = std::panic::catch_unwind(|| panic!("caught"));
        std::process::abort();
    });
    assert_eq!(cause, "SIGABRT", "another end than the panic's");
}

/// All signals whose default is to end the process.
pub fn signals_to_itself_end_it_by_name() {
    let deadly = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGILL,
        Signal::SIGTRAP,
        Signal::SIGABRT,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGKILL,
        Signal::SIGUSR1,
        Signal::SIGSEGV,
        Signal::SIGALRM,
        Signal::SIGTERM,
        Signal::SIGSYS,
        Signal::SIGXCPU,
    ];
    // Shells start what runs in the background with these ignored.
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        // SAFETY: the default action needs no handler.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }.expect("a signal");
    }
    for signal in deadly {
        let (cause, _) = crash(move |state| {
            state.word.store(1, Relaxed);
            raise(signal).expect("a signal");
            state.word.store(2, Relaxed);
        });
        assert_eq!(cause, signal.as_str());
        let (cause, _) = crash(move |_| kill(getpid(), signal).expect("a signal"));
        assert_eq!(cause, signal.as_str());
    }
}

pub fn signals_that_are_ignored_do_nothing() {
    assert_holds(|state: &State| {
        for signal in [Signal::SIGCHLD, Signal::SIGURG, Signal::SIGWINCH, Signal::SIGPIPE] {
            raise(signal).expect("a signal");
        }
        assert_eq!(kill(getpid(), None), Ok(()));
        state.word.store(1, Relaxed);
    });
}

static STATE: AtomicI32 = AtomicI32::new(0);

/// A handler that touches shared memory, makes calls that stop, and counts.
extern "C" fn on_signal(_: i32) {
    // SAFETY: the body has put the address of its shared state there.
    let state = unsafe { &*(ADDRESS.load(Relaxed) as *const State) };
    state.word.fetch_add(1, Relaxed);
    state.semaphore.post().expect("a post");
    std::thread::sleep(Duration::from_millis(1));
    STATE.fetch_add(1, Relaxed);
}

static ADDRESS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

fn handle(state: &State, signal: Signal) {
    ADDRESS.store(std::ptr::from_ref(state) as usize, Relaxed);
    let action = SigAction::new(SigHandler::Handler(on_signal), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does what it may.
    unsafe { sigaction(signal, &action) }.expect("a handler");
}

pub fn own_handlers_run_before_the_call_returns() {
    let scenario = Scenario::new("handlers", |state: &State| {
        state.semaphore.init(0).expect("a semaphore");
    })
    .process("p", |state| {
        for (i, signal) in
            [Signal::SIGUSR1, Signal::SIGALRM, Signal::SIGTERM].into_iter().enumerate()
        {
            handle(state, signal);
            raise(signal).expect("a signal");
            assert_eq!(STATE.load(Relaxed), i as i32 + 1);
            assert_eq!(state.word.load(Relaxed), i as u32 + 1);
            state.semaphore.try_wait().expect("what the handler posted");
        }
    });
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

pub fn blocked_signals_wait_until_they_are_not() {
    assert_holds(|state: &State| {
        state.semaphore.init(0).expect("a semaphore");
        handle(state, Signal::SIGUSR1);
        let mask = SigSet::from_iter([Signal::SIGUSR1]);
        mask.thread_block().expect("a mask");
        raise(Signal::SIGUSR1).expect("a signal");
        state.word.store(10, Relaxed);
        assert_eq!(STATE.load(Relaxed), 0, "the signal is blocked");
        let blocked = SigSet::thread_get_mask().expect("the mask");
        assert_eq!(blocked, mask, "the simulator's own signals are not seen in it");
        mask.thread_unblock().expect("a mask");
        assert_eq!((STATE.load(Relaxed), state.word.load(Relaxed)), (1, 11));
    });
}

/// With all signals blocked, accesses are still seen.
pub fn blocking_all_signals_blocks_no_step() {
    let scenario = Scenario::new("blocked", |_: &State| {}).process("p", |state| {
        SigSet::all().thread_block().expect("a mask");
        state.word.fetch_add(1, Relaxed);
        std::thread::yield_now();
        state.word.load(Relaxed)
    });
    let execution = execute(&scenario);
    assert_eq!((execution.outcome.as_str(), execution.steps.len()), ("1", 3));
}

pub fn broken_pipe_is_an_error_as_ever() {
    assert_holds(|_: &State| {
        let (reader, writer) = nix::unistd::pipe().expect("a pipe");
        drop(reader);
        let error = File::from(writer).write_all(b"x").expect_err("nobody reads");
        assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
    });
}

pub fn infinite_loop_times_out() {
    let scenario = Scenario::new("loop", |_: &State| {})
        .process("busy", |state| {
            state.word.store(1, Relaxed);
            while STATE.load(Relaxed) == 0 {
                std::hint::spin_loop();
            }
        })
        .process("other", |state| state.word.store(2, Relaxed));
    let limit = Duration::from_millis(300);
    let report = explore(&scenario, &Search::unbounded().hang_after(limit)).expect("a search");
    let of = Measured::ProcessorTime;
    let expected = Verdict::TimedOut { process: "busy".into(), after_ms: 300, of };
    assert_eq!((&report.verdict, report.complete), (&expected, false));
    assert_eq!(report.schedules, 1, "each other one would take as long");
    assert!(report.failure.is_some_and(|failure| failure.verdict == expected));
}

/// A wait that the simulator does not see: a pipe that nobody writes to.
pub fn wait_in_the_kernel_times_out() {
    let scenario = Scenario::new("pipe", |_: &State| {}).process("reader", |_| {
        let (reader, _writer) = nix::unistd::pipe().expect("a pipe");
        let _ = File::from(reader).read(&mut [0]);
    });
    let limit = Duration::from_millis(200);
    let report = explore(&scenario, &Search::exhaustive(0).hang_after(limit)).expect("a search");
    let of = Measured::Sleep;
    assert_eq!(report.verdict, Verdict::TimedOut { process: "reader".into(), after_ms: 200, of });
}

/// The mark of the simulator's own system calls.
const MARK: u64 = 0x7365_676d_656e_7473;

/// One that is stopped for longer than the limit, as on a machine that is too busy
/// to run it: it is waited for, and no verdict is given on it.
pub fn process_that_does_not_run_is_waited_for() {
    let mut waker = Command::new("sh");
    let script = "read pid; until grep -q '^State:.T' /proc/$pid/status; do :; done; \
                  sleep 1; kill -CONT $pid";
    let mut waker = waker.args(["-c", script]).stdin(Stdio::piped()).spawn().expect("a shell");
    let to_waker = Rc::new(waker.stdin.take().expect("a pipe"));
    let scenario = Scenario::new("stopped", |_: &State| {}).process("stopped", move |state| {
        let own = std::fs::read_link("/proc/self").expect("the real process ID");
        writeln!(&*to_waker, "{}", own.display()).expect("a reader");
        let own: i64 = own.display().to_string().parse().expect("a number");
        // SAFETY: a signal touches no memory. With the simulator's own mark, which
        // makes the filter let it pass: to the simulator it comes from outside.
        unsafe { libc::syscall(libc::SYS_kill, own, libc::SIGSTOP, 0, 0, 0, MARK) };
        state.word.store(1, Relaxed);
    });
    let mut runner = Runner::new(&scenario, 10, Duration::from_millis(300)).expect("a runner");
    let execution = runner.run(&Order::default()).expect("an execution");
    waker.wait().expect("a child");
    assert_eq!((execution.verdict, execution.steps.len()), (Verdict::Held, 1));
}

/// Killed from outside, as by the kernel where memory is short.
pub fn process_killed_from_outside_is_a_crash() {
    let mut killer = Command::new("sh");
    killer.args(["-c", "read pid; kill -9 $pid"]).stdin(Stdio::piped());
    let mut killer = killer.spawn().expect("a shell");
    let to_killer = Rc::new(killer.stdin.take().expect("a pipe"));
    let scenario = Scenario::new("killed", |_: &State| {})
        .process("victim", move |state| {
            state.word.store(1, Relaxed);
            let pid = std::fs::read_link("/proc/self").expect("the real process ID");
            writeln!(&*to_killer, "{}", pid.display()).expect("a reader");
            let (reader, _writer) = nix::unistd::pipe().expect("a pipe");
            let _ = File::from(reader).read(&mut [0]);
        })
        .process("other", |state| state.word.store(2, Relaxed));
    let execution = execute(&scenario);
    killer.wait().expect("a child");
    let crashed = matches!(&execution.verdict, Verdict::Crashed { process, cause, .. }
        if process == "victim" && cause == "SIGKILL");
    assert!(crashed, "{}", execution.verdict);
}

/// Private memory is the process's own: mapped, protected and given back.
pub fn private_memory_can_be_mapped() {
    assert_holds(|state: &State| {
        let len = std::num::NonZeroUsize::new(1 << 24).expect("not zero");
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: new memory.
        let memory = unsafe { mmap_anonymous(None, len, protection, MapFlags::MAP_PRIVATE) };
        let memory = memory.expect("memory");
        // SAFETY: sixteen megabytes of this process's own.
        unsafe { memory.cast::<u64>().write_volatile(7) };
        // SAFETY: as above, and nobody refers to it.
        unsafe { mprotect(memory, len.get(), ProtFlags::PROT_READ) }.expect("protected");
        // SAFETY: as above.
        unsafe { munmap(memory, len.get()) }.expect("unmapped");
        state.word.store(vec![1u8; 1 << 22].len() as u32, Relaxed);
    });
}

pub fn processes_and_threads_are_refused() {
    const PROCESS: &str = "p: starting a process or a thread (system call ";
    let fork = refusal(|_: &State| _ = unsound! { libc::fork() });
    let thread = refusal(|_: &State| _ = std::thread::spawn(|| {}).join());
    let program = refusal(|_: &State| _ = Command::new("true").status());
    for sentence in [fork, thread, program] {
        assert!(sentence.starts_with(PROCESS), "{sentence}");
        assert!(sentence.ends_with(") is not emulated by the simulator"), "{sentence}");
    }
    let exec = refusal(|_: &State| _ = nix::unistd::execv(c"/bin/true", &[c"true"]));
    assert!(exec.starts_with("p: running another program"), "{exec}");
}

pub fn other_shared_memory_is_refused() {
    let map = refusal(|_: &State| {
        let name = format!("/simulation-{}-odd", std::process::id());
        let _ = Segment::create(&SegmentName::new(&name).expect("a name"), 4096);
    });
    assert!(map.starts_with("p: mapping other shared memory"), "{map}");
    let protect = refusal(|state: &State| {
        let start = std::ptr::from_ref(state).cast_mut().cast();
        unsound! { libc::mprotect(start, 4096, libc::PROT_READ) };
    });
    assert!(protect.starts_with("p: changing how the shared memory is mapped"), "{protect}");
}

pub fn shared_bytes_in_calls_on_files_are_refused() {
    let write = refusal(|state: &State| {
        let bytes = state.word.as_ptr().cast();
        unsound! { libc::write(1, bytes, 4) };
    });
    assert!(write.starts_with("p: writing shared memory to a file"), "{write}");
    let read = refusal(|state: &State| {
        let bytes = state.word.as_ptr().cast();
        unsound! { libc::read(0, bytes, 4) };
    });
    assert!(read.starts_with("p: reading a file into shared memory"), "{read}");
}

pub fn signals_to_others_are_refused() {
    const SIGNAL: &str = "p: a signal to another process";
    let real_parent = getpid();
    let parent = refusal(|_: &State| _ = kill(getppid(), Signal::SIGKILL));
    let real = refusal(move |_: &State| _ = kill(real_parent, Signal::SIGKILL));
    let sibling =
        refusal(|_: &State| _ = kill(Pid::from_raw(getpid().as_raw() + 1), Signal::SIGKILL));
    let all = refusal(|_: &State| _ = kill(Pid::from_raw(-1), Signal::SIGKILL));
    let queued = refusal(|_: &State| {
        unsound! {
            let info = [0u64; 16];
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, 1, 1, libc::SIGKILL, info.as_ptr());
        }
    });
    for sentence in [parent, real, sibling, all, queued] {
        assert!(sentence.starts_with(SIGNAL), "{sentence}");
    }
}

pub fn what_waits_unseen_is_refused_by_name() {
    let calls: [(fn(), &str); 9] = [
        (|| unsound! { _ = libc::alarm(1) }, "a timer that sends signals in real time"),
        (|| unsound! { _ = libc::flock(0, libc::LOCK_EX) }, "a lock on a file"),
        (
            || unsound! { _ = libc::semop(0, std::ptr::null_mut(), 0) },
            "waiting on a System V semaphore",
        ),
        (
            || unsound! { _ = libc::epoll_wait(0, std::ptr::null_mut(), 1, -1) },
            "waiting for files by epoll",
        ),
        (|| _ = SigSet::from_iter([Signal::SIGUSR1]).wait(), "waiting for a signal"),
        (|| unsound! { _ = libc::syscall(libc::SYS_futex_waitv, 0, 0, 0, 0, 0) }, "futex_waitv"),
        (|| unsound! { _ = libc::syscall(454, 0, 0, 0, 0, 0) }, "futex_wake"),
        (
            || unsound! { _ = libc::syscall(libc::SYS_ptrace, 0, 0, 0, 0) },
            "a look at another process",
        ),
        (|| _ = raise(Signal::SIGSTOP), "stopping itself by a signal"),
    ];
    for (call, name) in calls {
        let sentence = refusal(move |_: &State| call());
        assert!(sentence.starts_with(&format!("p: {name} ")), "{sentence}");
    }
}

pub fn handlers_that_the_simulator_needs_are_refused() {
    for signal in [Signal::SIGSEGV, Signal::SIGTRAP, Signal::SIGSYS] {
        let sentence = refusal(move |state: &State| handle(state, signal));
        let expected = format!("p: a handler for {signal} is not possible in a simulation");
        assert_eq!(sentence, expected);
    }
}

/// Refused in one process of two: the search ends with one clear sentence.
pub fn refusal_ends_the_search() {
    let scenario = Scenario::new("refused", |_: &State| {})
        .process("sound", |state| state.word.store(1, Relaxed))
        .process("faulty", |_| _ = std::thread::spawn(|| {}).join());
    let error = explore(&scenario, &Search::unbounded()).expect_err("a refusal");
    assert!(matches!(&error, SimError::Refused { process, .. } if process == "faulty"), "{error}");
}

pub fn closing_all_files_and_printing_harm_nothing() {
    let scenario = Scenario::new("closed", |_: &State| {}).processes(2, "p", |_, state| {
        println!("not shown");
        eprintln!("not shown either");
        unsound! { libc::close_range(0, u32::MAX, 0) };
        state.word.fetch_add(1, Relaxed);
        println!("to nowhere");
    });
    let report = search(&scenario, &Search::unbounded());
    assert!(report.verdict.held() && report.complete, "{report}");
}

pub fn own_ids_are_made_up_but_consistent() {
    assert_holds(|_: &State| {
        let own = getpid();
        assert_eq!(own, nix::unistd::gettid());
        assert_ne!(getppid(), own);
        assert_eq!(std::process::id() as i32, own.as_raw());
        // Under its made-up ID or as 0, the kernel answers for the process itself.
        let group = |id| nix::unistd::getpgid(Some(id)).expect("the process itself");
        assert_eq!(group(own), group(Pid::from_raw(0)));
        let mut attributes = unsound! { std::mem::zeroed() };
        let result =
            unsound! { libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) };
        assert_eq!(result, 0);
    });
}

/// Files are the machine's own.
pub fn files_can_be_read() {
    assert_holds(|state: &State| {
        let mut text = String::new();
        File::open("/proc/self/maps")
            .and_then(|mut file| file.read_to_string(&mut text))
            .expect("maps");
        state.word.store(text.len() as u32, Relaxed);
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"x").expect("room");
        // SAFETY: the descriptor is open and given up.
        let mut reader = unsafe { File::from_raw_fd(reader.into_raw_fd()) };
        assert_eq!(reader.read(&mut [0]).expect("a byte"), 1);
    });
}

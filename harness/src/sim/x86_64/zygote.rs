//! The zygote: a child of the harness from which each execution's processes are
//! forked, and which sees them end.
//!
//! Idea: what all simulated processes need (handlers, filter, protected state,
//! a clock that traps) is set up once. A fork from here starts an execution from
//! the same memory each time.
//! Limits: it must make no unmarked system call that the filter stops.

use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use nix::errno::Errno;

use super::calls::{clock, filter, robust, vdso};
use super::private_memory::PrivateMemory;
use super::watch::{TICK_MS, Watch};
use super::world::{World, world};
use super::{crash, registers, signals, sys, turn, unwind};
use crate::panics;
use crate::sim::limits::MAX_FRAMES;
use crate::sim::turns::control::{Ending, State};

/// The request to end, as a value of [`Control::asked`].
pub const STOP: u32 = u32::MAX;

/// A body, with its result as text.
pub type Body<'a> = &'a dyn Fn() -> String;

/// What the zygote needs beside the world.
pub struct Zygote<'a> {
    /// The surroundings.
    pub world: &'static World,
    /// One body for each process; the recovery is the last, if there is one.
    pub bodies: Vec<Body<'a>>,
    /// What all processes give up before the first body.
    pub confine: &'a dyn Fn() -> Result<(), String>,
    /// Whether that is anything at all.
    pub confined: bool,
    /// Where glibc keeps the thread ID, from the thread pointer.
    pub tid_offset: usize,
}

impl Zygote<'_> {
    /// Serves until told to stop, or until the parent dies.
    pub fn serve(&self) -> ! {
        let control = self.world.control;
        if let Err(why) = self.prepare() {
            control.refusal.set(&why);
            control.ending.set(Ending::Refused);
            self.answer();
            sys::leave(1);
        }
        self.answer();
        let mut seen = 0;
        loop {
            // Acquire: pairs with the Release of the parent's request, which it
            // makes once the state and the control page are ready.
            let asked = control.asked.load(Acquire);
            if asked == STOP {
                sys::leave(0);
            }
            if asked == seen {
                sys::futex_wait(&control.asked, seen);
                continue;
            }
            seen = asked;
            self.execute();
            self.answer();
        }
    }

    fn answer(&self) {
        let answered = &self.world.control.answered;
        // Release: pairs with the Acquire in the parent, which then reads the log.
        answered.store(answered.load(Relaxed).wrapping_add(1), Release);
        sys::futex_wake(answered);
    }

    /// Sets up what all processes need, or says in words why it cannot.
    fn prepare(&self) -> Result<(), String> {
        silence();
        grow_lean();
        run_on_one_cpu();
        let handlers = signals::install();
        registers::prepare();
        unwind::warm_up();
        // Clocks that cannot be replaced show real time, as documented, and need
        // the processor's counter.
        if vdso::patch() {
            clock::trap_counter();
        }
        report_panics();
        // The unwinder prepares itself at its first use.
        unwind::call_stack(&mut [0; MAX_FRAMES]);
        start_ticking();
        if let Some(memory) = PrivateMemory::read(handlers) {
            self.world.set_private_memory(memory);
        }
        self.hide_state().map_err(|errno| format!("memory cannot be protected: {errno}"))?;
        (self.confine)()?;
        filter::install(self.world.state as u64, self.world.len as u64)
            .map_err(|errno| format!("seccomp is denied: {errno}"))
    }

    /// Puts protected private pages where the code under test looks. The shared
    /// bytes are seen through the alias only, so an instruction that needs its
    /// operand in place can be given a copy there (`stepped.rs`).
    fn hide_state(&self) -> Result<(), Errno> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let (state, len) = (self.world.state as *mut libc::c_void, self.world.len);
        // SAFETY: the range is the mapping of the shared state and nothing else,
        // in a process that touches it only where a handler stands ready.
        let mapped = unsafe { libc::mmap(state, len, libc::PROT_NONE, flags, -1, 0) };
        if mapped == state { Ok(()) } else { Err(Errno::last()) }
    }

    /// Runs one execution to its end.
    fn execute(&self) {
        let control = self.world.control;
        self.run(0, control.count.get());
        let killed = control.those(|process| process.state.get() == State::Killed);
        if !killed.is_empty() && control.ending.get() == Ending::Running && control.recovers.get() {
            self.run(control.count.get(), 1);
        }
    }

    /// Forks `count` processes, gives the first one the turn, and waits for all.
    fn run(&self, first: u8, count: u8) {
        let zygote = sys::pid();
        for process in first..first + count {
            // SAFETY: a clone without flags is a fork; this process has one
            // thread, and the child goes on in a copy of its memory.
            let pid = unsafe { sys::call(libc::SYS_clone, [libc::SIGCHLD as u64, 0, 0, 0, 0]) };
            if pid == 0 {
                self.become_process(process, zygote);
            }
            if pid < 0 {
                let control = self.world.control;
                control.refusal.set(&format!("a process could not be forked (error {})", -pid));
                control.ending.set(Ending::Refused);
                self.end(process);
                return self.reap(process - first);
            }
            self.world.control.process(process).pid.set(pid as i32);
        }
        turn::start(self.world, first, count);
        self.reap(count);
    }

    /// Waits until `left` processes have ended.
    fn reap(&self, mut left: u8) {
        let control = self.world.control;
        let mut watch = Watch::new(self.confined);
        while left > 0 {
            let mut status = 0i32;
            let arguments = [u64::MAX, (&raw mut status) as u64, 0, 0, 0];
            // SAFETY: the status is valid for a write.
            let pid = unsafe { sys::call(libc::SYS_wait4, arguments) };
            if pid > 0 {
                left -= 1;
                self.note_end(pid as i32, status);
                continue;
            }
            if pid == -i64::from(libc::ECHILD) {
                return;
            }
            if control.ending.get() == Ending::Running
                && let Some(ending) = watch.look(control)
            {
                control.ending.set(ending);
                self.end(control.processes().len() as u8);
            }
        }
    }

    /// A process that ended without a word was killed by something that no
    /// handler could catch: the others would wait for it forever.
    fn note_end(&self, pid: i32, status: i32) {
        let control = self.world.control;
        let over = control.ending.get() != Ending::Running;
        let found = control.processes().iter().position(|process| process.pid.get() == pid);
        let Some(process) = found.map(|index| &control.processes[index]) else { return };
        // From here on the ID may be another's.
        process.pid.set(0);
        if process.state.get().ended() || over {
            return;
        }
        let signal = if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 };
        if process.text.is_empty() {
            process.text.set(crash::name(signal));
        }
        process.state.set(State::Crashed);
        self.end(control.processes().len() as u8);
    }

    /// Kills the first `count` processes, where they still live.
    fn end(&self, count: u8) {
        for process in &self.world.control.processes()[..usize::from(count)] {
            if process.pid.get() > 0 {
                sys::kill(process.pid.get(), libc::SIGKILL);
            }
        }
    }

    fn become_process(&self, process: u8, zygote: i32) -> ! {
        self.world.become_process(process);
        sys::die_with(zygote);
        default_alarm();
        adopt_tid(self.tid_offset, robust::virtual_tid(process));
        turn::wait_for_start();
        let body = &self.bodies[usize::from(process)];
        let state = match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => {
                self.world.my_control().text.set(&value);
                State::Returned
            }
            // The hook has kept the message.
            Err(_) => State::Panicked,
        };
        turn::retire(state);
        sys::leave(0)
    }
}

/// What bodies print is not shown: they run thousands of times.
fn silence() {
    if let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null") {
        for fd in 0..=2 {
            // SAFETY: both descriptors are open; the three are this process's own.
            unsafe { libc::dup2(null.as_raw_fd(), fd) };
        }
    }
}

/// Gives back memory that no process needs: a fork copies the page table of all
/// that there is, and the debug information that the parent has read takes many
/// megabytes.
fn grow_lean() {
    backtrace::clear_symbol_cache();
    // SAFETY: it looks for free pages of the heap, and nobody else uses the heap.
    unsafe { libc::malloc_trim(0) };
}

/// A turn is handed over faster on one CPU than between two.
fn run_on_one_cpu() {
    use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
    let mut one = CpuSet::new();
    if let Ok(cpu) = sched_getcpu()
        && one.set(cpu).is_ok()
    {
        // Without it, all is only slower.
        let _ = sched_setaffinity(nix::unistd::Pid::from_raw(0), &one);
    }
}

/// The zygote's tick is its own.
fn default_alarm() {
    // The kernel's sigaction: handler, flags, restorer, mask; all zeroes is the default.
    let action = [0u64; 4];
    let arguments = [libc::SIGALRM as u64, action.as_ptr() as u64, 0, 8, 0];
    // SAFETY: the action is valid until the call returns.
    unsafe { sys::call(libc::SYS_rt_sigaction, arguments) };
}

fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        if !panics::follows_another(info) {
            world().my_control().text.set(&panics::message_and_place(info));
        }
    }));
}

/// SIGALRM at each tick, so that the wait for a process is interrupted.
fn start_ticking() {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: all zeroes is a valid sigaction; without SA_RESTART, wait4 returns.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as usize;
    // SAFETY: the action is valid until the call returns.
    unsafe { libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) };
    let tick = libc::timeval { tv_sec: 0, tv_usec: TICK_MS as i64 * 1000 };
    let timer = libc::itimerval { it_interval: tick, it_value: tick };
    // SAFETY: the timer is valid until the call returns.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

/// Where glibc keeps the thread ID of the calling thread, from the thread
/// pointer; `None` where it does not look as expected.
pub fn find_tid_offset() -> Option<usize> {
    let tid = nix::unistd::gettid().as_raw() as u32;
    // `struct pthread` of glibc has it at 0x2d0 in all recent versions.
    (0x200..0x400).step_by(4).find(|offset| tid_at(*offset) == tid)
}

fn tid_at(offset: usize) -> u32 {
    // SAFETY: glibc's thread descriptor begins at the thread pointer and is
    // longer than 0x400 bytes.
    unsafe { ((thread_pointer() + offset) as *const u32).read_volatile() }
}

fn adopt_tid(offset: usize, tid: u32) {
    // SAFETY: `offset` is where `find_tid_offset` found the thread ID, which
    // only this thread uses.
    unsafe { ((thread_pointer() + offset) as *mut u32).write_volatile(tid) };
}

fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: the ABI keeps the thread pointer itself at its first word.
    unsafe { std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, readonly)) };
    pointer
}

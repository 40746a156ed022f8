//! What a simulated process knows of its surroundings, for its signal handlers.
//!
//! Idea: one static, filled in before the first fork. The shared state is mapped
//! twice: at `state`, where the code under test looks, and at `alias`, which only
//! the simulator uses. In a simulated process, what lies at `state` is private,
//! protected memory of the same size (`zygote.rs`).
//! Limits: one simulation at a time in a program; the parent sees to that.

use std::cell::Cell;
use std::ptr::NonNull;

use super::context::Context;
use super::instructions::decode::Analyst;
use super::instructions::plan::Plans;
use super::private_memory::PrivateMemory;
use crate::sim::turns::control::{Control, ProcessControl};

/// The surroundings of one simulated process.
pub struct World {
    /// The control page.
    pub control: &'static Control,
    /// What is known of instructions.
    pub plans: &'static Plans,
    /// Where the code under test sees the shared state.
    pub state: usize,
    /// Where the simulator sees it.
    pub alias: NonNull<u8>,
    /// How long both are, in bytes: whole pages.
    pub len: usize,
    /// Where glibc keeps this thread's list of robust mutexes; 0 if unknown.
    pub robust_list: u64,
    /// Tells what instructions do.
    pub analyst: Analyst,
    me: Cell<u8>,
    interrupted: Cell<u64>,
    context: Cell<Option<NonNull<libc::c_void>>>,
    private_memory: Cell<Option<&'static PrivateMemory>>,
    crashes: Cell<u8>,
}

struct Slot(Cell<Option<&'static World>>);

// SAFETY: the static is written by the only thread of the program, before it
// forks; a simulated process has one thread and reads it.
unsafe impl Sync for Slot {}

static WORLD: Slot = Slot(Cell::new(None));

impl World {
    /// Makes the surroundings known to the signal handlers of all processes that
    /// are forked from now on. They stay for the life of the program.
    pub fn install(
        control: &'static Control,
        plans: &'static Plans,
        state: NonNull<u8>,
        alias: NonNull<u8>,
        len: usize,
        robust_list: u64,
    ) -> &'static Self {
        let state = state.addr().get();
        let world = Self {
            control,
            plans,
            state,
            alias,
            len,
            robust_list,
            analyst: Analyst::new(),
            me: Cell::new(0),
            interrupted: Cell::new(0),
            context: Cell::new(None),
            private_memory: Cell::new(None),
            crashes: Cell::new(0),
        };
        let world = Box::leak(Box::new(world));
        WORLD.0.set(Some(world));
        world
    }

    /// This process's index.
    pub fn me(&self) -> u8 {
        self.me.get()
    }

    /// Says which process this is, once it has been forked.
    pub fn become_process(&self, index: u8) {
        self.me.set(index);
    }

    /// This process's part of the control page.
    pub fn my_control(&self) -> &'static ProcessControl {
        self.control.process(self.me())
    }

    /// Where the code under test was interrupted last.
    pub fn interrupted(&self) -> u64 {
        self.interrupted.get()
    }

    /// Says where the code under test was interrupted.
    pub fn interrupted_at(&self, ip: u64) {
        self.interrupted.set(ip);
    }

    /// Says in which context the code under test was interrupted; returns the one
    /// before, for when the handler returns.
    pub fn enter(&self, context: &Context) -> Option<NonNull<libc::c_void>> {
        self.context.replace(Some(context.place()))
    }

    /// The handler returns.
    pub fn leave(&self, before: Option<NonNull<libc::c_void>>) {
        self.context.set(before);
    }

    /// The context of the innermost handler that runs.
    pub fn context(&self) -> Option<Context<'_>> {
        // SAFETY: the kernel put it there for a handler that has not returned.
        self.context.get().map(|place| unsafe { Context::new(place.as_ptr()) })
    }

    /// The private memory of each process; `None` where it is not known.
    pub fn private_memory(&self) -> Option<&'static PrivateMemory> {
        self.private_memory.get()
    }

    /// Says what it is, once all is set up.
    pub fn set_private_memory(&self, memory: PrivateMemory) {
        self.private_memory.set(Some(Box::leak(Box::new(memory))));
    }

    /// How often this process has crashed already; counts one more.
    pub fn count_crash(&self) -> u8 {
        self.crashes.replace(self.crashes.get().saturating_add(1))
    }

    /// The offset of `address` in the shared state; `None` where it is elsewhere.
    pub fn offset(&self, address: u64) -> Option<u32> {
        let offset = (address as usize).wrapping_sub(self.state);
        (offset < self.len).then_some(offset as u32)
    }

    /// Whether `len` bytes at `address` all lie in the shared state.
    pub fn holds(&self, address: u64, len: usize) -> bool {
        let offset = (address as usize).wrapping_sub(self.state);
        offset < self.len && len <= self.len - offset
    }

    /// Reads `to.len()` bytes at `offset`; what lies beyond the end is zero.
    pub fn read(&self, offset: u32, to: &mut [u8]) {
        let offset = offset as usize;
        let len = to.len().min(self.len.saturating_sub(offset));
        to[len..].fill(0);
        // SAFETY: `offset + len` is at most `self.len`, so this is within the
        // mapping, which lives as long as the program; only one process runs.
        let from = unsafe { self.alias.add(offset) };
        // SAFETY: as above; `to` is private memory and cannot overlap.
        unsafe { from.copy_to_nonoverlapping(NonNull::from(to).cast(), len) };
    }

    /// Writes `from` at `offset`; what lies beyond the end is dropped.
    pub fn write(&self, offset: u32, from: &[u8]) {
        let offset = offset as usize;
        let len = from.len().min(self.len.saturating_sub(offset));
        // SAFETY: as in `read`.
        let to = unsafe { self.alias.add(offset) };
        // SAFETY: as in `read`.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(from).cast(), len) };
    }

    /// The four bytes at `offset`: a futex word.
    pub fn word(&self, offset: u32) -> u32 {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes);
        u32::from_le_bytes(bytes)
    }
}

/// The surroundings of this process.
///
/// # Panics
/// Outside a simulation, which no caller is.
pub fn world() -> &'static World {
    WORLD.0.get().expect("set before the first process was forked")
}

//! The death of an owner: what the kernel does to robust mutexes, done by hand.
//!
//! Idea: the simulated processes own mutexes under made-up thread IDs, so that
//! an execution repeats bit for bit; the kernel would not know them. So a
//! process that is killed walks its own list first, just as the kernel does.
//! Source: get_robust_list(2), the kernel's Documentation/locking/robust-futexes.
//! Limits: entries for priority-inheritance mutexes are left alone; all marks that
//! one death makes are one step.

use super::{Op, Pending, ProcessSet, Step, World, log, queue, sys};

/// As many entries as the kernel walks.
const LIMIT: usize = 2048;

/// The head of a robust list, as the kernel defines it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Head {
    next: u64,
    futex_offset: i64,
    pending: u64,
}

/// Marks the mutexes that this process owns, and lets out who waits on them; returns
/// these. The list may have been overwritten: a link that leads nowhere ends the walk,
/// as in the kernel.
pub fn die_as_owner(world: &World) -> ProcessSet {
    let mut woken = ProcessSet::EMPTY;
    let Some(head_address) = registered(world) else { return woken };
    let head = head_at(head_address);
    let mut entry = head.next;
    let mut whole = true;
    let mut left = LIMIT;
    while entry & !1 != head_address {
        if left == 0 {
            note_break(world, 1);
            break;
        }
        left -= 1;
        let next = read_word(world, entry & !1);
        let marked = if entry & !1 == head.pending & !1 {
            Some(ProcessSet::EMPTY)
        } else {
            owner_died(world, entry, head.futex_offset, false)
        };
        woken |= marked.unwrap_or_default();
        let (Some(next), Some(_)) = (next, marked) else {
            note_break(world, 0);
            whole = false;
            break;
        };
        entry = next;
    }
    if whole && head.pending != 0 {
        woken |= owner_died(world, head.pending, head.futex_offset, true).unwrap_or_default();
    }
    log::note_woken(world.control, woken);
    woken
}

/// Whether this process has robust mutexes, or is about to.
pub fn owns(world: &World) -> bool {
    registered(world).map(|address| (address, head_at(address))).is_some_and(|(address, head)| {
        head.next & !1 != address && head.next != 0 || head.pending != 0
    })
}

/// One entry: marks its futex word, if this process is the owner. `None` where
/// there can be no such word, which ends the walk.
fn owner_died(world: &World, entry: u64, futex_offset: i64, pending: bool) -> Option<ProcessSet> {
    if entry & 1 == 1 {
        return Some(ProcessSet::EMPTY);
    }
    let address = entry.wrapping_add_signed(futex_offset);
    if !address.is_multiple_of(4) {
        return None;
    }
    let Some(offset) = world.offset(address) else {
        // Private memory, which nobody will look at again.
        return sys::readable(address & !7).then_some(ProcessSet::EMPTY);
    };
    let value = world.word(offset);
    let owner = value & libc::FUTEX_TID_MASK;
    if pending && owner == 0 {
        // Killed between the unlock and the wake-up that it owed.
        return Some(queue::release(world.control, offset.into(), 1, u32::MAX));
    }
    if owner != virtual_tid(world.me()) {
        return Some(ProcessSet::EMPTY);
    }
    let marked = value & libc::FUTEX_WAITERS | libc::FUTEX_OWNER_DIED;
    world.write(offset, &marked.to_le_bytes());
    world.control.changes.set(world.control.changes.get() + 1);
    note_mark(world, offset, value, marked);
    if value & libc::FUTEX_WAITERS == 0 {
        return Some(ProcessSet::EMPTY);
    }
    Some(queue::release(world.control, offset.into(), 1, u32::MAX))
}

/// Writes into the log that the list leads nowhere (0), or is a circle (1): where a
/// mutex is initialised again, or taken back, while it is on the list.
fn note_break(world: &World, circle: u64) {
    let step = Step {
        process: world.me(),
        last: world.control.last.get(),
        what: Pending { op: Op::BrokenList, argument: circle, ..Pending::default() },
        ..Step::default()
    };
    log::append(world.control, step);
}

/// Writes the mark into the log, as a step of its own that nobody chose.
fn note_mark(world: &World, offset: u32, before: u32, after: u32) {
    let mut step = Step {
        process: world.me(),
        last: world.control.last.get(),
        what: Pending { op: Op::OwnerDied, size: 4, offset, ip: 0, argument: 0 },
        took: true,
        ..Step::default()
    };
    step.before[..4].copy_from_slice(&before.to_le_bytes());
    step.after[..4].copy_from_slice(&after.to_le_bytes());
    log::append(world.control, step);
}

/// The thread ID that process `index` believes to have.
pub fn virtual_tid(index: u8) -> u32 {
    1001 + u32::from(index)
}

/// The address of this thread's list: its own, or where glibc keeps it in the
/// parent and so in every fork.
fn registered(world: &World) -> Option<u64> {
    let own = world.my_control().robust_list.get();
    let head = if own == 0 { world.robust_list } else { own };
    (head != 0).then_some(head)
}

fn head_at(address: u64) -> Head {
    // SAFETY: the kernel was told that a list head is there, by glibc, and it
    // stays there for the life of the thread.
    unsafe { (address as *const Head).read_volatile() }
}

/// A list entry: in the shared state, through the alias; else private. `None`
/// where nothing is mapped.
fn read_word(world: &World, address: u64) -> Option<u64> {
    if let Some(offset) = world.offset(address) {
        let mut bytes = [0; 8];
        world.read(offset, &mut bytes);
        return Some(u64::from_le_bytes(bytes));
    }
    // SAFETY: eight bytes there can be read.
    sys::readable(address).then(|| unsafe { (address as *const u64).read_unaligned() })
}

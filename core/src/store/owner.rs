//! Who holds a table's lock, as far as anybody knows.
//!
//! Idea: each of our processes has a place among the members in the table's
//! [`Trailer`], and takes the lock together with a mark that says which place
//! (`semaphore.rs`). Taking and marking are one step, and so are giving back and
//! removing the mark. So a mark whose process is dead proves that this process
//! holds the lock, wherever it was killed.
//! Limits: C programs that lock by themselves leave no mark, and their lock tells
//! nothing. Nor does a process without /proc, one of another PID namespace than
//! the first member's, or one more than there are places. Where a C program posts
//! the semaphore that another process holds, the mark outlives the hold, until one
//! of ours takes the lock.

use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::layout::{MEMBERS, Table, Trailer};
use crate::semaphore::Mark;
use crate::sys::process::{self, Identity, Me};

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, where that is known; the first eight bytes, for a dead one.
    pub name: Option<String>,
}

impl fmt::Display for Process {
    /// As in "process 4711 (lab-4)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// Nobody knows: a C program that locks by itself, or a process that could
    /// not say who it is. Or nobody holds it by now.
    Unknown,
    /// A process that lives.
    Alive(Process),
    /// A process that died while it held the lock. That is certain.
    Dead(Process),
}

/// Where an owner stands among the members.
#[derive(Clone, Copy)]
pub(super) struct Marked {
    pub(super) mark: Mark,
    pub(super) identity: Identity,
}

/// The lock's owner.
pub(super) fn owner(table: &Table, trailer: Option<&Trailer>) -> Owner {
    let marked = trailer.and_then(|trailer| Some((trailer, marked(table, trailer)?)));
    let Some((trailer, Marked { mark, identity })) = marked else { return Owner::Unknown };
    if identity.is_dead() {
        Owner::Dead(member(trailer, mark, identity))
    } else {
        let name = process::name_of(identity.pid());
        Owner::Alive(Process { pid: identity.pid(), name })
    }
}

/// The mark on the lock, and whose it is; `None` where it is free, or has none
/// that this process can judge.
pub(super) fn marked(table: &Table, trailer: &Trailer) -> Option<Marked> {
    let (value, mark) = table.sem.state();
    let place = trailer.members.get(usize::from(mark).checked_sub(1)?)?;
    let judges = process::me()?.namespace == trailer.namespace.load(Relaxed);
    let identity = Identity::from_word(place.identity.load(Acquire))?;
    (value == 0 && judges).then_some(Marked { mark, identity })
}

/// A member, as it called itself.
pub(super) fn member(trailer: &Trailer, mark: Mark, identity: Identity) -> Process {
    let place = &trailer.members[usize::from(mark) - 1];
    let name = process::name_in(place.name.load(Relaxed));
    Process { pid: identity.pid(), name }
}

/// The mark with which this process takes the lock; 0 where it has none. Where
/// it has no place, as after a fork, it looks for one, but not each time.
pub(super) fn mark(table: &Table, trailer: &Trailer) -> Mark {
    let Some(me) = process::me() else { return 0 };
    if trailer.namespace.load(Relaxed) == me.namespace
        && let Some(mark) = place_of(trailer, me)
    {
        return mark;
    }
    if process::is_worth_an_attempt() { register(table, trailer) } else { 0 }
}

/// Sees to it that this process has a place among the members, if one is to be
/// had; returns its mark, or 0.
pub(super) fn register(table: &Table, trailer: &Trailer) -> Mark {
    let Some(me) = process::me() else { return 0 };
    let first = trailer.namespace.compare_exchange(0, me.namespace, AcqRel, Acquire);
    if first.is_err_and(|found| found != me.namespace) {
        return 0;
    }
    place_of(trailer, me).or_else(|| take_place(table, trailer, me)).unwrap_or(0)
}

/// All marks, in the order in which this process tries them.
fn marks(me: Me) -> impl Iterator<Item = Mark> {
    let home = me.identity.pid() as usize;
    (0..MEMBERS).map(move |step| ((home + step) % MEMBERS) as Mark + 1)
}

fn place_of(trailer: &Trailer, me: Me) -> Option<Mark> {
    marks(me).find(|mark| {
        let place = &trailer.members[usize::from(*mark) - 1];
        // Relaxed: only this process has stored it.
        place.identity.load(Relaxed) == me.identity.word()
    })
}

fn take_place(table: &Table, trailer: &Trailer, me: Me) -> Option<Mark> {
    marks(me).find(|mark| {
        let place = &trailer.members[usize::from(*mark) - 1];
        let found = place.identity.load(Acquire);
        let is_free = Identity::from_word(found).is_none_or(Identity::is_dead);
        // In this order: once its process is dead, nobody makes a mark of it any
        // more. While the dead one holds the lock, its place tells who it was.
        if !is_free || table.sem.state().1 == *mark {
            return false;
        }
        let word = me.identity.word();
        let taken = place.identity.compare_exchange(found, word, AcqRel, Relaxed).is_ok();
        if taken {
            place.name.store(me.name, Relaxed);
        }
        taken
    })
}

/// Takes over the lock of a dead process, which keeps its mark; says whether this
/// process has it now. Of several that try, one succeeds.
pub(super) fn take_over(table: &Table, trailer: &Trailer, dead: Marked) -> bool {
    let Some(me) = process::me() else { return false };
    let place = &trailer.members[usize::from(dead.mark) - 1];
    let (old, new) = (dead.identity.word(), me.identity.recovering().word());
    if place.identity.compare_exchange(old, new, AcqRel, Relaxed).is_err() {
        return false;
    }
    // Nobody else takes the lock with this mark: as one that recovers, this process
    // is in no other thread's view the member at this place. So it is the dead
    // one's hold, unless somebody has freed the lock by force.
    if table.sem.state() == (0, dead.mark) {
        return true;
    }
    leave(trailer, dead.mark);
    false
}

/// Frees a place that was taken over.
pub(super) fn leave(trailer: &Trailer, mark: Mark) {
    let place = &trailer.members[usize::from(mark) - 1];
    place.name.store(0, Relaxed);
    // AcqRel in who takes it next: after that it has its own name.
    place.identity.store(0, Release);
}

/// Forgets all members but this process. The caller must have exclusive access
/// to the table, and the lock must be free.
pub(super) fn forget_members(trailer: &Trailer) {
    for place in &trailer.members {
        place.identity.store(0, Relaxed);
        place.name.store(0, Relaxed);
    }
    trailer.namespace.store(0, Relaxed);
}

//! How the segment is at this moment, and what of it is new to a page.
//!
//! Idea: a page is sent the difference between what it was last sent and how
//! things are now. However many changes came in between, and however slow the
//! page is, there is one difference to send.
//! Source: glibc's `sysdeps/nptl/internaltypes.h`, `struct new_sem`: the value in
//! the low half of a 64-bit word, the number of waiters in the high half.
//! Limits: memory is copied without the lock, as a debugger does; it can show half a
//! change. Waiters are read from little-endian 64-bit semaphores.

use std::fmt::{self, Write};
use std::mem::offset_of;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;
use shmkv::{CAPACITY, Entry, Owner, Process, Snapshot, Table};

use super::Mapper;
use crate::door::Notice;
use crate::wire::Pair;

/// The bits of the semaphore's second word that count its waiters.
const WAITERS: u32 = 0x00ff_ffff;

/// Unchanged bytes between two changed ones that are sent along, because a new
/// piece would cost more.
const BRIDGE: usize = 8;

/// The segment, its table and its users, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Why the rest is not current: no store is open, or it is corrupt.
    pub problem: Option<String>,
    /// The table, when it could last be read.
    pub table: Arc<Snapshot>,
    /// The segment's bytes.
    pub bytes: Arc<[u8]>,
    /// The table is damaged: there is something to put right.
    pub damaged: bool,
    /// The lock.
    pub lock: LockState,
    /// Who has the segment mapped.
    pub processes: Arc<Vec<Mapper>>,
    /// The last recovery.
    pub notice: Option<Arc<Notice>>,
}

/// The semaphore, and those who want it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LockState {
    /// 1: free; 0: held.
    pub value: u32,
    /// Threads of any process that sleep for it.
    pub waiters: u32,
    /// Requests of this server that wait for it.
    pub queued: usize,
    /// For how many seconds it has been seen held.
    pub held_s: u64,
    /// Who holds it, where that is known and it is held for longer than a moment.
    pub owner: Option<Holder>,
}

/// The process that holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Whether it has died.
    pub dead: bool,
}

impl Holder {
    /// The lock's owner, if it is known.
    pub fn of(owner: Owner) -> Option<Self> {
        match owner {
            Owner::Alive(Process { pid, name }) => Some(Self { pid, name, dead: false }),
            Owner::Dead(Process { pid, name }) => Some(Self { pid, name, dead: true }),
            _ => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Process { pid: self.pid, name: self.name.clone() }.fmt(f)
    }
}

/// What a page has not been sent yet.
#[derive(Debug, Serialize)]
pub struct Delta<'a> {
    /// All there is, and not only what is new.
    full: bool,
    problem: Option<&'a str>,
    damaged: bool,
    notice: Option<&'a Notice>,
    version: u32,
    entry_count: usize,
    slots: Vec<SlotView>,
    /// Pieces of memory: offset, and bytes in hexadecimal.
    memory: Vec<(usize, String)>,
    lock: &'a LockState,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<&'a [Mapper]>,
}

/// A slot, free or not.
#[derive(Debug, Serialize)]
pub struct SlotView {
    slot: usize,
    #[serde(flatten)]
    pair: Option<Pair>,
    timestamp: i64,
}

impl View {
    /// The view when nothing has been read.
    pub fn nothing(problem: String) -> Self {
        Self {
            problem: Some(problem),
            damaged: false,
            table: Arc::new(Snapshot { version: 0, entries: Vec::new() }),
            bytes: Arc::new([0; size_of::<Table>()]),
            lock: LockState::default(),
            processes: Arc::default(),
            notice: None,
        }
    }

    /// What a damaged table shows, and why it is one: the pairs that can be read,
    /// and all bytes.
    pub fn of_damaged(table: &Table, reason: &str) -> Self {
        let entries = table.slots.iter().enumerate().filter_map(|(slot, found)| {
            let (key, value) = (found.key.load()?, found.value.load()?);
            let timestamp = found.timestamp.load(Relaxed);
            (!key.is_empty()).then_some(Entry { slot, key, value, timestamp })
        });
        let (version, entries) = (table.version.load(Relaxed), entries.collect());
        Self {
            damaged: true,
            table: Arc::new(Snapshot { version, entries }),
            bytes: Arc::new(table.bytes()),
            lock: LockState::of(&table.bytes(), 0),
            ..Self::nothing(reason.to_owned())
        }
    }

    /// The slots, free ones included.
    pub fn slots(&self) -> [Option<&Entry>; CAPACITY] {
        let mut slots = [None; CAPACITY];
        for entry in &self.table.entries {
            slots[entry.slot] = Some(entry);
        }
        slots
    }

    /// What is new since `sent`; everything where nothing was sent.
    pub fn since<'a>(&'a self, sent: Option<&Self>) -> Delta<'a> {
        let old = sent.map(Self::slots);
        let new = self.slots();
        let is_new = |slot: &usize| old.is_none_or(|old| old[*slot] != new[*slot]);
        let slots = (0..CAPACITY).filter(is_new).map(|slot| SlotView::new(slot, new[slot]));
        let memory = match sent {
            Some(sent) => pieces(&sent.bytes, &self.bytes),
            None => vec![(0, hexadecimal(&self.bytes))],
        };
        let same_processes = sent.is_some_and(|sent| sent.processes == self.processes);
        Delta {
            full: sent.is_none(),
            problem: self.problem.as_deref(),
            damaged: self.damaged,
            notice: self.notice.as_deref(),
            version: self.table.version,
            entry_count: self.table.entries.len(),
            slots: slots.collect(),
            memory,
            lock: &self.lock,
            processes: (!same_processes).then_some(&self.processes),
        }
    }
}

impl LockState {
    /// As the bytes of a table show it.
    pub fn of(bytes: &[u8], queued: usize) -> Self {
        let at = offset_of!(Table, sem);
        let word = |at: usize| {
            let word = bytes[at..at + 4].try_into().expect("a word has four bytes");
            u32::from_ne_bytes(word)
        };
        // Our own processes note in the high byte who they are.
        let waiters = word(at + 4) & WAITERS;
        Self { value: word(at), waiters, queued, held_s: 0, owner: None }
    }
}

impl SlotView {
    fn new(slot: usize, entry: Option<&Entry>) -> Self {
        let pair = entry.map(|entry| Pair::new(&entry.key, &entry.value));
        Self { slot, pair, timestamp: entry.map_or(0, |entry| entry.timestamp) }
    }
}

/// Where `new` differs from `old`, and the bytes that it has there.
fn pieces(old: &[u8], new: &[u8]) -> Vec<(usize, String)> {
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    for at in (0..new.len()).filter(|at| old[*at] != new[*at]) {
        match ranges.last_mut() {
            Some(last) if at - last.end < BRIDGE => last.end = at + 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges.into_iter().map(|range| (range.start, hexadecimal(&new[range]))).collect()
}

/// Two digits a byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(version: u32, entries: &[(usize, &str)]) -> View {
        let entries = entries.iter().map(|(slot, value)| Entry {
            slot: *slot,
            key: b"k".to_vec(),
            value: value.as_bytes().to_vec(),
            timestamp: 7,
        });
        let table = Arc::new(Snapshot { version, entries: entries.collect() });
        View { problem: None, table, ..View::nothing(String::new()) }
    }

    #[test]
    fn first_delta_has_everything() {
        let delta = view(1, &[(3, "v")]).since(None).json();
        assert_eq!(delta["full"], true);
        assert_eq!(delta["slots"].as_array().unwrap().len(), 10);
        assert_eq!(delta["slots"][3]["value"], "v");
        assert_eq!(delta["slots"][4], serde_json::json!({"slot": 4, "timestamp": 0}));
        assert_eq!(delta["memory"][0][1].as_str().unwrap().len(), 2 * 3320);
        assert!(delta["processes"].is_array());
    }

    #[test]
    fn next_delta_has_what_is_new() {
        let old = view(1, &[(0, "v"), (3, "v")]);
        let delta = view(3, &[(0, "v"), (4, "w")]).since(Some(&old)).json();
        assert_eq!((&delta["full"], &delta["version"]), (&false.into(), &3.into()));
        let slots: Vec<_> =
            delta["slots"].as_array().unwrap().iter().map(|slot| slot["slot"].clone()).collect();
        assert_eq!(slots, [3, 4]);
        assert!(delta.get("processes").is_none());
    }

    impl Delta<'_> {
        fn json(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }

    #[test]
    fn pieces_are_what_differs_with_small_gaps_bridged() {
        let old = [0_u8; 64];
        let mut new = old;
        new[3] = 0xab;
        new[9] = 1;
        new[40] = 2;
        let expected = vec![(3, "ab000000000001".to_owned()), (40, "02".to_owned())];
        assert_eq!(pieces(&old, &new), expected);
        assert!(pieces(&new, &new).is_empty());
    }

    #[test]
    fn semaphore_shows_its_value_and_its_waiters() {
        use shmkv::{KeyValue, Store};
        use shmkv_tests::TestName;
        let name = TestName::new("srv-semaphore");
        let store = Store::create(&name).unwrap();
        let state = || LockState::of(&store.table().bytes(), 0);
        assert_eq!((state().value, state().waiters), (1, 0));
        store.table().sem.wait().unwrap();
        assert_eq!((state().value, state().waiters), (0, 0));
        std::thread::scope(|scope| {
            scope.spawn(|| store.table().sem.wait().unwrap());
            while state().waiters != 1 {
                std::thread::yield_now();
            }
            store.table().sem.post().unwrap();
        });
    }
}

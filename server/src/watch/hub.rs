//! The hub: what has happened, told to all who follow.
//!
//! Idea: events go into a bounded channel that all followers read at their own
//! pace, and into a bounded history. A follower that falls further behind than the
//! channel is long is cut off. It reconnects with the ID of its last event, and gets
//! the rest from the history, or the whole table where the history is too short.
//! Limits: [`HISTORY`] events are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use shmkv::Snapshot;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::{Change, Event, EventId, event};

/// Events that are kept for followers that reconnect.
const HISTORY: usize = 1024;

/// Events that a follower may be behind.
const BEHIND: usize = 1024;

/// All followers, and what they may still ask for.
pub struct Hub {
    inner: Mutex<Inner>,
    limit: usize,
}

struct Inner {
    sender: Sender<Bytes>,
    history: VecDeque<Event>,
    now: Now,
}

/// What a new follower is told first.
enum Now {
    Open { object: u64, table: Arc<Snapshot> },
    Closed { detail: String },
}

/// A new follower.
pub struct Joined {
    /// What it has missed.
    pub missed: Vec<Bytes>,
    /// What comes.
    pub coming: Receiver<Bytes>,
}

impl Hub {
    /// A hub for at most so many followers. There is no table yet; `why` says why.
    pub fn new(detail: String, limit: usize) -> Self {
        let now = Now::Closed { detail };
        let inner = Inner { sender: channel(BEHIND).0, history: VecDeque::new(), now };
        Self { inner: Mutex::new(inner), limit }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of followers.
    pub fn followers(&self) -> usize {
        self.inner().sender.receiver_count()
    }

    /// Joins; `last` is the last event that the follower has seen. `None` when
    /// too many follow already.
    pub fn join(&self, last: Option<EventId>) -> Option<Joined> {
        let inner = self.inner();
        if inner.sender.receiver_count() >= self.limit {
            return None;
        }
        Some(Joined { missed: inner.missed(last), coming: inner.sender.subscribe() })
    }

    /// A store was opened, or another one: all followers start again.
    pub fn open(&self, object: u64, table: Arc<Snapshot>) {
        let mut inner = self.inner();
        inner.history.clear();
        // Nobody may be there to receive it, here and below.
        let _ = inner.sender.send(event::snapshot(&table, object));
        inner.now = Now::Open { object, table };
    }

    /// No store is open any more.
    pub fn close(&self, detail: String) {
        let mut inner = self.inner();
        inner.history.clear();
        let _ = inner.sender.send(event::gone(detail.clone()));
        inner.now = Now::Closed { detail };
    }

    /// The table has changed, and is `table` now.
    pub fn tell(&self, changes: &[Change], table: Arc<Snapshot>) {
        let mut inner = self.inner();
        let Now::Open { object, .. } = inner.now else { return };
        for change in changes {
            let event = Event::change(change, object);
            let _ = inner.sender.send(event.bytes.clone());
            if inner.history.len() == HISTORY {
                inner.history.pop_front();
            }
            inner.history.push_back(event);
        }
        inner.now = Now::Open { object, table };
    }
}

impl Inner {
    fn missed(&self, last: Option<EventId>) -> Vec<Bytes> {
        let (object, table) = match &self.now {
            Now::Open { object, table } => (*object, table),
            Now::Closed { detail } => return vec![event::gone(detail.clone())],
        };
        let last = last.filter(|last| last.object.is_none_or(|of| of == object));
        last.and_then(|last| self.since(last.version, table.version))
            .unwrap_or_else(|| vec![event::snapshot(table, object)])
    }

    /// The events after version `seen`; `None` where some are not kept.
    fn since(&self, seen: u32, now: u32) -> Option<Vec<Bytes>> {
        if seen == now {
            return Some(Vec::new());
        }
        let next = seen.wrapping_add(1);
        let first = self.history.iter().position(|event| event.from == next)?;
        Some(self.history.iter().skip(first).map(|event| event.bytes.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(version: u32) -> Arc<Snapshot> {
        Arc::new(Snapshot { version, entries: Vec::new() })
    }

    fn change(from: u32, version: u32) -> Change {
        Change { from, version, notes: Vec::new() }
    }

    fn hub_after(changes: &[Change]) -> Hub {
        let hub = Hub::new("not yet".into(), 3);
        hub.open(7, table(0));
        for change in changes {
            hub.tell(std::slice::from_ref(change), table(change.version));
        }
        hub
    }

    /// Names and ids of what a follower has missed.
    fn missed(hub: &Hub, last: Option<&str>) -> Vec<String> {
        let joined = hub.join(last.map(|last| last.parse().unwrap())).unwrap();
        let lines = |bytes: &Bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.lines().take(2).collect::<Vec<_>>().join(" ")
        };
        joined.missed.iter().map(lines).collect()
    }

    #[test]
    fn first_comers_get_the_table() {
        let hub = hub_after(&[change(1, 1)]);
        assert_eq!(missed(&hub, None), ["event: snapshot id: 1@7"]);
    }

    #[test]
    fn those_who_come_back_get_what_they_missed() {
        let hub = hub_after(&[change(1, 1), change(2, 4), change(5, 5)]);
        let rest = ["event: change id: 4@7", "event: change id: 5@7"];
        assert_eq!(missed(&hub, Some("1@7")), rest);
        assert_eq!(missed(&hub, Some("1")), rest);
        assert!(missed(&hub, Some("5@7")).is_empty());
    }

    #[test]
    fn what_is_not_kept_is_replaced_by_the_table() {
        let mut changes = vec![change(1, 1), change(2, 4)];
        changes.extend((5..=2000).map(|version| change(version, version)));
        let hub = hub_after(&changes);
        let all = ["event: snapshot id: 2000@7"];
        assert_eq!(missed(&hub, Some("1@7")), all, "too old");
        assert_eq!(missed(&hub, Some("1@8")), all, "another object");
        assert_eq!(missed(&hub, Some("3000@7")), all, "never there");
        assert_eq!(missed(&hub, Some("1500@7")).len(), 500);
    }

    #[test]
    fn version_within_several_that_were_told_as_one_gets_the_table() {
        let hub = hub_after(&[change(1, 1), change(2, 4)]);
        assert_eq!(missed(&hub, Some("3@7")), ["event: snapshot id: 4@7"]);
    }

    #[test]
    fn store_that_is_gone_is_told_with_its_reason() {
        let hub = hub_after(&[change(1, 1)]);
        hub.close("it was unlinked".into());
        let told = "event: gone data: {\"detail\":\"it was unlinked\"}";
        assert_eq!(missed(&hub, Some("1@7")), [told]);
    }

    #[test]
    fn follower_who_is_too_far_behind_is_told_so() {
        let hub = hub_after(&[]);
        let mut joined = hub.join(None).unwrap();
        for version in 1..=BEHIND as u32 + 1 {
            hub.tell(&[change(version, version)], table(version));
        }
        use tokio::sync::broadcast::error::TryRecvError;
        assert!(matches!(joined.coming.try_recv(), Err(TryRecvError::Lagged(_))));
    }

    #[test]
    fn followers_are_bounded_in_number() {
        let hub = hub_after(&[]);
        let followers: Vec<_> = (0..3).map(|_| hub.join(None).unwrap()).collect();
        assert!(hub.join(None).is_none());
        drop(followers);
        assert!(hub.join(None).is_some());
    }
}

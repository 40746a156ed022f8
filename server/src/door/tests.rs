//! The door, with the lock free, held for a while, and held for ever.

use std::sync::mpsc;
use std::thread;

use shmkv::{Condition, KeyValue, OpenOptions};
use shmkv_tests::TestName;
use tokio::runtime::{Builder, Runtime};

use super::*;

/// Longer than any test should take, and than any pause of the machine.
const LONG: Duration = Duration::from_secs(60);

fn door(name: &TestName, lock_timeout: Duration) -> Arc<Door> {
    let attached = Attached::open(name, OpenOptions::new(), false).unwrap();
    let metrics = Arc::new(Metrics::default());
    Arc::new(
        Door::new((**name).clone(), OpenOptions::new(), attached, lock_timeout, 8, metrics)
            .unwrap(),
    )
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn set(door: &Door, key: &'static str) -> Result<u32, Problem> {
    let set = move |store: &Access<'_>| store.put(key.as_bytes(), b"1", Condition::Always);
    door.call(Operation::Set, set).await.map(|put| put.version)
}

async fn get(door: &Door, key: &'static str) -> Result<Vec<u8>, Problem> {
    door.call(Operation::Get, move |store| store.get(key.as_bytes())).await.map(|found| found.0)
}

#[test]
fn free_lock_is_taken_at_once() {
    let name = TestName::new("door-free");
    let door = door(&name, LONG);
    one_thread().block_on(async {
        assert_eq!(set(&door, "a").await.unwrap(), 1);
        assert_eq!(get(&door, "a").await.unwrap(), b"1");
    });
}

/// Schedule: the lock is held while two requests come on one thread, and given
/// back once both are in the queue.
/// Allowed: both are done. Forbidden: the first blocks the thread, so that the
/// second never joins.
#[test]
fn requests_that_wait_leave_the_thread_to_others() {
    let name = TestName::new("door-held");
    let door = door(&name, LONG);
    let attached = door.attached().unwrap();
    let lock = &attached.store().table().sem;
    lock.wait().unwrap();
    one_thread().block_on(async {
        let free = async {
            while door.queued() < 2 {
                tokio::task::yield_now().await;
            }
            lock.post().unwrap();
        };
        let (first, second, ()) = tokio::join!(set(&door, "a"), get(&door, "b"), free);
        assert_eq!(first.unwrap(), 1);
        assert_eq!(second.unwrap_err().status().as_u16(), 404);
    });
}

/// The lock of a dead process: never given back.
#[test]
fn requests_for_a_lost_lock_are_unavailable_and_take_nothing() {
    let name = TestName::new("door-lost");
    let door = door(&name, Duration::from_millis(20));
    let attached = door.attached().unwrap();
    attached.store().table().sem.wait().unwrap();
    one_thread().block_on(async {
        let (one, other) = tokio::join!(set(&door, "a"), get(&door, "a"));
        for status in [one.unwrap_err().status(), other.unwrap_err().status()] {
            assert_eq!(status.as_u16(), 503);
        }
    });
    assert_eq!(attached.store().table().sem.value(), 0);
    assert_eq!(attached.store().version(), 0);
}

#[test]
fn changes_are_noted_in_their_order() {
    let name = TestName::new("door-journal");
    let door = door(&name, LONG);
    one_thread().block_on(async {
        set(&door, "a").await.unwrap();
        set(&door, "b").await.unwrap();
    });
    let attached = door.attached().unwrap();
    let notes = attached.between_changes(Journal::take).unwrap();
    let seen: Vec<_> = notes.iter().map(|note| (note.version, note.slot)).collect();
    assert_eq!(seen, [(1, 0), (2, 1)]);
}

/// Schedule: a change waits for the lock with the journal in its hand.
/// Forbidden: who looks between changes is shown a journal that lacks it.
#[test]
fn journal_is_closed_while_a_change_is_under_way() {
    let name = TestName::new("door-closed");
    let door = door(&name, LONG);
    let attached = door.attached().unwrap();
    let lock = &attached.store().table().sem;
    lock.wait().unwrap();
    let (done, is_done) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| done.send(one_thread().block_on(set(&door, "a")).unwrap()).unwrap());
        while attached.between_changes(|_| ()).is_some() {
            thread::yield_now();
        }
        lock.post().unwrap();
        assert_eq!(is_done.recv_timeout(LONG).unwrap(), 1);
    });
    assert_eq!(attached.between_changes(Journal::take).unwrap().len(), 1);
}

#[test]
fn absent_store_is_unavailable_and_says_why() {
    let name = TestName::new("door-absent");
    let attached = Attached::open(&name, OpenOptions::new(), true).unwrap();
    assert_eq!(attached.as_ref().err(), Some(&Absence::Missing { name: (*name).clone() }));
    let metrics = Arc::new(Metrics::default());
    let door = Door::new((*name).clone(), OpenOptions::new(), attached, LONG, 8, metrics).unwrap();
    let problem = one_thread().block_on(get(&door, "a")).unwrap_err();
    assert_eq!(problem.status().as_u16(), 503);
}

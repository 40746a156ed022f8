//! The queue before the lock: operations, done one after the other by a thread
//! that may sleep.
//!
//! Idea: each operation has its deadline from the moment it joins. With a lock
//! that is never given back, the first one sleeps until its deadline, and those
//! that have joined meanwhile fail soon after it. No operation waits for longer
//! than it would have waited alone.
//! Limits: the queue is bounded; where it is full, operations are refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use shmkv::{Owner, StoreError};
use tokio::sync::oneshot;

use super::{Access, Attached};
use crate::problem::Problem;

type Job = Box<dyn FnOnce() + Send>;

/// The queue. Its thread ends when this is dropped and the last job is done.
pub(super) struct Queue {
    jobs: SyncSender<Job>,
    length: Arc<AtomicUsize>,
    limit: usize,
}

/// How long a job sleeps for the lock before it looks whether the store is to be let
/// go. Long enough for a dead owner to be noticed within.
const SLICE: Duration = Duration::from_millis(300);

/// Someone in the queue; not any more when this is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        // Relaxed: a number to decide by, which orders nothing.
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Queue {
    /// A queue of at most `limit` operations.
    pub(super) fn new(limit: usize) -> std::io::Result<Self> {
        let (jobs, received) = sync_channel::<Job>(limit);
        thread::Builder::new().name("lock-queue".into()).spawn(move || {
            for job in received {
                // A job that panics drops its reply, which tells the one who
                // waits for it; the others go on.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        })?;
        Ok(Self { jobs, length: Arc::default(), limit })
    }

    pub(super) fn length(&self) -> usize {
        self.length.load(Relaxed)
    }

    /// Does `act` when its turn comes. Returns its result, and how long it took.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        attached: Arc<Attached>,
        act: impl Fn(&Access<'_>) -> Result<T, StoreError> + Send + 'static,
        patience: Duration,
    ) -> Result<(Result<T, StoreError>, Duration), Problem> {
        let (reply, answer) = oneshot::channel();
        let joined = Instant::now();
        let length = self.length.fetch_add(1, Relaxed);
        let waiting = Waiting(self.length.clone());
        let full =
            || Problem::unavailable(format!("{} requests wait for the lock already", self.limit));
        if length >= self.limit {
            return Err(full());
        }
        let job = move || {
            let _waiting = waiting;
            // Nobody waits for it any more: it is not done.
            if reply.is_closed() {
                return;
            }
            let result = wait(&attached, patience, joined, &act);
            let _ = reply.send((result, joined.elapsed()));
        };
        // Jobs of requests that were given up may still be there.
        self.jobs.try_send(Box::new(job)).map_err(|_| full())?;
        answer.await.map_err(|_| Problem::unavailable("the operation was given up"))
    }
}

/// Does `act` when the lock is free, within `patience` since `joined`; gives up
/// where the lock's owner is dead, or the store is to be let go.
fn wait<T>(
    attached: &Attached,
    patience: Duration,
    joined: Instant,
    act: impl Fn(&Access<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let left = patience.saturating_sub(joined.elapsed());
        match act(&attached.access(left.min(SLICE))) {
            Err(StoreError::LockTimeout { owner, .. }) => {
                let is_over = joined.elapsed() >= patience;
                if is_over || attached.is_let_go() || matches!(owner, Owner::Dead(_)) {
                    return Err(StoreError::LockTimeout { waited: joined.elapsed(), owner });
                }
            }
            result => return result,
        }
    }
}

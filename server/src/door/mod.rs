//! The door: how requests, which are answered on few threads, reach the store,
//! whose lock another process may hold for any length of time.
//!
//! Idea: an operation is first tried where the request is handled: it takes the
//! lock if it is free, and never sleeps. That is nearly always enough, and costs
//! no hand-over to another thread. Where the lock is taken, the operation joins a
//! queue that one thread works through; there is one lock, so more threads would
//! only wait beside it. While the queue is not empty, later operations join it too,
//! and do not overtake.
//! Source: sem_trywait(3) and sem_clockwait(3), by way of [`shmkv`].
//! Limits: a lock that a dead process holds makes each request fail with 503, until
//! somebody has the store recovered. Where a C program holds it, a dead holder
//! cannot be told from a slow one.

mod access;
mod attached;
mod journal;
mod queue;
mod recovery;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use shmkv::{OpenOptions, SegmentName, StoreError};

pub use access::Access;
pub use attached::{Absence, Attached};
pub use journal::{Journal, Note, What};
pub use recovery::{Notice, dead_owner, recover_lock};

use crate::metrics::{Metrics, Operation};
use crate::problem::Problem;
use queue::Queue;

/// How often the lock is tried before the queue is joined. Another request or
/// process holds it for some hundred nanoseconds.
const TRIES: u32 = 8;

/// Pauses between two tries: together about as long as one holder needs.
const PAUSES: u32 = 32;

/// How long a health check waits for the lock.
const CHECK: Duration = Duration::from_millis(100);

/// The store, if one is open, and the queue before it.
pub struct Door {
    name: SegmentName,
    trust: OpenOptions,
    lock_timeout: Duration,
    attached: RwLock<Result<Arc<Attached>, Absence>>,
    queue: Queue,
    metrics: Arc<Metrics>,
    /// Held during a recovery.
    recovering: Mutex<()>,
    notice: Mutex<Option<Arc<Notice>>>,
}

impl Door {
    /// A door to the store `name` of a trusted user, which is open or not; so many requests may be
    /// queued before it.
    ///
    /// # Errors
    /// When the thread of the queue cannot be started.
    pub fn new(
        name: SegmentName,
        trust: OpenOptions,
        attached: Result<Attached, Absence>,
        lock_timeout: Duration,
        queued: usize,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let attached = RwLock::new(attached.map(Arc::new));
        let queue = Queue::new(queued)?;
        let (recovering, notice) = Default::default();
        Ok(Self { name, trust, lock_timeout, attached, queue, metrics, recovering, notice })
    }

    /// The segment's name.
    pub fn name(&self) -> &SegmentName {
        &self.name
    }

    /// Whose segments are opened.
    pub fn trust(&self) -> OpenOptions {
        self.trust
    }

    /// The open store, or why there is none.
    pub fn attached(&self) -> Result<Arc<Attached>, Absence> {
        self.attached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the store; requests that have begun end on the old one.
    pub fn attach(&self, attached: Result<Arc<Attached>, Absence>) {
        *self.attached.write().unwrap_or_else(PoisonError::into_inner) = attached;
    }

    /// Opens the store that was found, unless one is open already, or is being
    /// recovered.
    pub fn attach_found(&self, found: Result<Attached, Absence>) {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*attached, Err(absence) if *absence != Absence::Recovering) {
            *attached = found.map(Arc::new);
        }
    }

    /// How many operations wait for the lock in the queue.
    pub fn queued(&self) -> usize {
        self.queue.length()
    }

    /// Does `act`, at once or from the queue, and counts it as an `operation`.
    ///
    /// # Errors
    /// What [`StoreError`]s become, and 503 where no store is open or the queue
    /// is full.
    pub async fn call<T: Send + 'static>(
        &self,
        operation: Operation,
        act: impl Fn(&Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let result = self.perform(act).await;
        let status = result.as_ref().map_or_else(|problem| problem.status().as_u16(), |_| 200);
        self.metrics.count(operation, status);
        result
    }

    /// The table's version, if the store can be used now; waits for its lock for no
    /// longer than others hold it as a rule.
    ///
    /// # Errors
    /// 500 where the table is corrupt, 503 where no store is open or its lock is held.
    pub async fn check(&self) -> Result<u32, Problem> {
        let attached =
            self.attached().map_err(|absence| Problem::unavailable(absence.to_string()))?;
        let began = Instant::now();
        loop {
            match attached.access(Duration::ZERO).snapshot() {
                Err(StoreError::LockTimeout { .. }) if began.elapsed() >= CHECK => {
                    let owner = attached.store().owner();
                    return Err(StoreError::LockTimeout { waited: CHECK, owner }.into());
                }
                Err(StoreError::LockTimeout { .. }) => tokio::time::sleep(CHECK / 20).await,
                done => return Ok(done?.version),
            }
        }
    }

    async fn perform<T: Send + 'static>(
        &self,
        act: impl Fn(&Access<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let attached =
            self.attached().map_err(|absence| Problem::unavailable(absence.to_string()))?;
        if self.queue.length() == 0 {
            for _ in 0..TRIES {
                match act(&attached.access(Duration::ZERO)) {
                    Err(StoreError::LockTimeout { .. }) => {
                        (0..PAUSES).for_each(|_| std::hint::spin_loop());
                    }
                    done => {
                        self.metrics.lock_was_free();
                        return Ok(done?);
                    }
                }
            }
        }
        let (result, waited) = self.queue.call(attached, act, self.lock_timeout).await?;
        self.metrics.lock_was_waited_for(waited);
        Ok(result?)
    }
}

#[cfg(test)]
mod tests;

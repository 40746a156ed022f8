//! Recovery of the store that this server has open, and what is remembered of it.
//!
//! Idea: where the lock says which process died with it, the store is recovered
//! while others have it open. Where it does not say, recovery is safe only if nobody
//! has the store open. If this server is the only user, it closes the store for a
//! moment: new requests are told to try again, and waiting ones give up.
//! Source: [`Store::recover`] and [`Store::recover_this`].
//! Limits: another process that recovers the store does not tell us. We conclude it
//! when a dead owner's lock is free again.

use std::sync::{Arc, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use shmkv::{
    FoundLock, OpenOptions, Owner, Recovered, Segment, SegmentName, Store, StoreError, Table,
};

use super::{Absence, Attached, Door};

/// How long recovery waits for operations that use the store.
const LETTING_GO: Duration = Duration::from_secs(2);

/// How often it checks whether they have finished.
const LOOK: Duration = Duration::from_millis(2);

/// What pages are told of a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Counts them, from 1.
    pub number: u64,
    /// What was found and done, in sentences.
    pub text: String,
    /// When, in seconds since 1970.
    pub timestamp: u64,
}

impl Door {
    /// Recovers the store, if that is safe; `None` where nothing was to be done.
    /// Waits, so not for threads that others need.
    ///
    /// # Errors
    /// Those of [`Store::recover`].
    pub fn recover(&self) -> Result<Option<Recovered>, StoreError> {
        let _one_at_a_time = self.recovering.lock().unwrap_or_else(PoisonError::into_inner);
        let recovered = match self.attached() {
            Ok(attached) => match attached.store().recover_this() {
                Err(StoreError::InUse { owner: Owner::Unknown, others, .. })
                    if others.is_empty() =>
                {
                    self.recover_alone(Some(attached))?
                }
                done => done?,
            },
            Err(_) => self.recover_alone(None)?,
        };
        if let Some(recovered) = &recovered {
            self.notice(recovered.to_string());
        }
        Ok(recovered)
    }

    /// Recovers by the store's name, with the store closed here.
    fn recover_alone(
        &self,
        attached: Option<Arc<Attached>>,
    ) -> Result<Option<Recovered>, StoreError> {
        self.attach(Err(Absence::Recovering));
        if let Some(attached) = attached {
            attached.let_go();
            wait_for_others(attached);
        }
        let recovered = Store::recover_with(&self.name, self.trust);
        let reopened = Attached::reopen(&self.name, self.trust).unwrap_or_else(|| {
            let name = self.name.clone();
            Err(Absence::Unlinked { name })
        });
        self.attach(reopened.map(Arc::new));
        recovered
    }

    /// Remembers a recovery for those who look.
    pub fn notice(&self, text: String) {
        let mut last = self.notice.lock().unwrap_or_else(PoisonError::into_inner);
        let number = last.as_ref().map_or(1, |last| last.number + 1);
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = since.map_or(0, |since| since.as_secs());
        *last = Some(Arc::new(Notice { number, text, timestamp }));
    }

    /// The last recovery that was noticed.
    pub fn last_notice(&self) -> Option<Arc<Notice>> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Waits until only the caller has the store open here. Gives up after a while;
/// recovery then finds the store in use.
fn wait_for_others(attached: Arc<Attached>) {
    let began = Instant::now();
    while Arc::strong_count(&attached) > 1 && began.elapsed() < LETTING_GO {
        sleep(LOOK);
    }
}

/// Recovers before the store is opened for the first time: only a lock that is not
/// free. What else is wrong is shown, and put right when somebody asks for it.
///
/// # Errors
/// Those of [`Store::recover`].
pub fn recover_lock(
    name: &SegmentName,
    trust: OpenOptions,
) -> Result<Option<Recovered>, StoreError> {
    let is_free = {
        let segment = Segment::open_with(name, size_of::<Table>(), trust)?;
        segment.at::<Table>(0)?.sem.value() == 1
    };
    if is_free { Ok(None) } else { Store::recover_with(name, trust) }
}

/// The dead process whose lock was freed, if known.
pub fn dead_owner(recovered: &Recovered) -> Option<&shmkv::Process> {
    match &recovered.lock {
        FoundLock::HeldBy(process) => Some(process),
        _ => None,
    }
}

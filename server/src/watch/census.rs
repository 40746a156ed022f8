//! The census: who has the segment mapped, counted apart from the watcher.
//!
//! Idea: counting reads files of every process of this machine. That takes longer
//! the more processes there are, and the busier they are. A change must not wait for
//! that. So a separate thread counts on request, and callers get the last complete
//! count.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::Mapper;

/// An object, by its inode, and who has it mapped.
type Count = (u64, Arc<Vec<Mapper>>);

/// The thread that counts; it ends when this is dropped.
pub struct Census {
    requests: Option<SyncSender<u64>>,
    last: Arc<Mutex<Count>>,
    thread: Option<JoinHandle<()>>,
}

impl Census {
    /// Starts it. `count` counts who has an object mapped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(count: impl Fn(u64) -> Vec<Mapper> + Send + 'static) -> io::Result<Self> {
        // One request may wait while another is done; more would ask the same.
        let (requests, asked) = sync_channel(1);
        let last = Arc::new(Mutex::new(Count::default()));
        let counted = last.clone();
        let thread = thread::Builder::new().name("census".into()).spawn(move || {
            for object in asked {
                let found = Arc::new(count(object));
                *counted.lock().unwrap_or_else(PoisonError::into_inner) = (object, found);
            }
        })?;
        Ok(Self { requests: Some(requests), last, thread: Some(thread) })
    }

    /// Asks for a count of `object`, and does not wait for it.
    pub fn ask(&self, object: u64) {
        if let Some(requests) = &self.requests {
            // Full: one is asked for already. Should the thread have panicked,
            // the message is on stderr, and the last count stays.
            let _ = requests.try_send(object);
        }
    }

    /// The last count of `object`; empty where there is none.
    pub fn last(&self, object: u64) -> Arc<Vec<Mapper>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 == object { last.1.clone() } else { Arc::default() }
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // As above.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::watch::Waits;

    fn process(pid: u32) -> Mapper {
        Mapper { pid, name: "peer".into(), this: false, waits: Waits::Nothing }
    }

    /// Schedule: a count is under way and does not end; who asks for the last one,
    /// or for another, goes on. Forbidden: to wait for it.
    #[test]
    fn count_under_way_keeps_nobody_waiting() {
        let (begun, begins) = channel();
        let (results, result) = channel();
        let census = Census::start(move |object| {
            begun.send(object).unwrap();
            result.recv().unwrap()
        });
        let census = census.unwrap();
        census.ask(7);
        assert_eq!(begins.recv(), Ok(7));
        results.send(vec![process(1)]).unwrap();

        census.ask(7);
        // Begins when the first is done with.
        assert_eq!(begins.recv(), Ok(7));
        assert_eq!(*census.last(7), [process(1)]);
        (0..3).for_each(|_| census.ask(7));
        assert_eq!(*census.last(7), [process(1)]);
        assert_eq!(*census.last(8), [], "of another object");

        // The one under way, and the one that was kept of the three.
        results.send(Vec::new()).unwrap();
        results.send(vec![process(2)]).unwrap();
        assert_eq!(begins.recv(), Ok(7));
        let last = census.last.clone();
        drop(census);
        assert_eq!(*last.lock().unwrap().1, [process(2)]);
        assert!(begins.try_recv().is_err(), "more were done than were asked for");
    }
}

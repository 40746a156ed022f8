//! Shared memory between processes: segments, semaphores, and a key-value store.
#![warn(missing_docs)]

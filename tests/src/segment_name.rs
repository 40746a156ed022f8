//! Names of segments for tests: each its own, and unlinked at the end.

use std::ops::Deref;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::{Segment, SegmentName};

/// A segment name that no other test uses; unlinked on drop, on unwind too.
pub struct TestName(SegmentName);

impl TestName {
    /// A new name with `subject` in it.
    pub fn new(subject: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the numbers must differ.
        let number = COUNTER.fetch_add(1, Relaxed);
        let name = format!("/shmkv-e2e-{subject}-{}-{number}", process::id());
        Self(SegmentName::new(name).expect("a test's subject is short and has no slash"))
    }
}

impl Deref for TestName {
    type Target = SegmentName;

    fn deref(&self) -> &SegmentName {
        &self.0
    }
}

impl Drop for TestName {
    fn drop(&mut self) {
        // Most tests unlink, or never create.
        let _ = Segment::unlink(&self.0);
    }
}

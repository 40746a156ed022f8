//! What the tests of this crate share.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::{Segment, SegmentName};

/// A segment name that no other test uses; unlinked on drop, on unwind too.
pub(crate) struct TestName(SegmentName);

impl TestName {
    pub(crate) fn new(subject: &str) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Relaxed);
        let name = format!("/shmkv-test-{subject}-{}-{number}", process::id());
        Self(SegmentName::new(name).unwrap())
    }
}

impl std::ops::Deref for TestName {
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

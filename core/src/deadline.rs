//! Points in time by which a wait ends.
//!
//! Idea: a wait that is interrupted and retried keeps its deadline; a relative
//! timeout would start again each time.
//! Source: clock_gettime(2), `CLOCK_MONOTONIC`: no step of the wall clock
//! makes a wait longer or shorter.
//! Limits: a deadline is good on the machine that made it, until it restarts.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// The longest timeout that is told from "for ever": a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A point of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// `timeout` from now; more than a hundred years are taken for a hundred.
    pub fn after(timeout: Duration) -> Self {
        Self(now() + timeout.min(LONGEST))
    }

    /// What is left; zero once the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_sub(now())
    }

    /// Whether nothing is left.
    pub fn passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// As an absolute time for the kernel.
    pub(crate) fn to_timespec(self) -> libc::timespec {
        timespec(self.0)
    }
}

/// `duration` in the kernel's words.
pub(crate) fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: duration.as_secs() as libc::time_t,
        tv_nsec: duration.subsec_nanos() as libc::c_long,
    }
}

/// The monotonic clock, since the machine's start.
fn now() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has a monotonic clock");
    Duration::new(now.tv_sec() as u64, now.tv_nsec() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_of_zero_has_passed() {
        assert!(Deadline::after(Duration::ZERO).passed());
    }

    #[test]
    fn deadline_ahead_has_not_passed() {
        let deadline = Deadline::after(Duration::from_secs(3600));
        assert!(!deadline.passed());
        assert!(deadline.remaining() <= Duration::from_secs(3600));
    }

    #[test]
    fn longest_timeout_does_not_overflow() {
        assert!(!Deadline::after(Duration::MAX).passed());
    }
}

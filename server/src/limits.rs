//! How many clients there can be at a time.
//!
//! Idea: connections need descriptors, and the system grants a process so many.
//! Of the connections a quarter may wait for the lock, a quarter be event streams,
//! and a quarter pages. So there is always a part of which the clients wait for
//! nothing that can take long.
//! Source: getrlimit(2).

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Connections at a time, where the system lets us have so many.
const CONNECTIONS: usize = 1024;

/// Descriptors for everything else: the segment, timers, /proc, a newcomer.
const OTHERS: usize = 32;

/// How many clients there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// Requests that wait for the lock.
    pub queued: usize,
    /// Streams of events, and as many of frames.
    pub streams: usize,
}

impl Limits {
    /// As many as there should be, or as this process can have. Asks the system
    /// for as many descriptors as it grants.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn of_this_process() -> Result<Self, Errno> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let wanted = hard.min((CONNECTIONS + OTHERS) as u64);
        if soft >= wanted {
            return Ok(Self::with_descriptors(soft));
        }
        // Up to the hard limit nobody has to be asked.
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
        Ok(Self::with_descriptors(wanted))
    }

    fn with_descriptors(descriptors: u64) -> Self {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let connections = descriptors.saturating_sub(OTHERS).clamp(4, CONNECTIONS);
        Self { connections, queued: connections / 4, streams: connections / 4 }
    }
}

impl Default for Limits {
    /// Those of a process that may have descriptors without end.
    fn default() -> Self {
        Self::with_descriptors(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_as_many_as_descriptors_allow() {
        let of = |descriptors| {
            let Limits { connections, queued, streams } = Limits::with_descriptors(descriptors);
            (connections, queued, streams)
        };
        assert_eq!(of(u64::MAX), (1024, 256, 256));
        assert_eq!(of(1024), (992, 248, 248));
        assert_eq!(of(64), (32, 8, 8));
        assert_eq!(of(3), (4, 1, 1));
    }
}

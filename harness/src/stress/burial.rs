//! The end of a child, for certain.

use std::time::Duration;

use nix::unistd::Pid;

use super::StressError;
use crate::process::{self, Death};

/// A process that SIGKILL has not ended after this long never ends.
const BURIAL: Duration = Duration::from_secs(10);

/// Kills and reaps child `pid`.
pub(super) fn bury(pid: Pid) -> Result<Option<Death>, StressError> {
    match process::kill_and_reap(pid, BURIAL) {
        Ok(Some(death)) => Ok(Some(death)),
        Ok(None) => Err(StressError::Unkillable { pid: pid.as_raw(), waited: BURIAL }),
        Err(source) => Err(StressError::Os { call: "kill", source }),
    }
}

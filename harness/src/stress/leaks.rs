//! What rounds leave behind: processes and names. It is removed, and told.
//!
//! Idea: a worker is asked after each body whether it has children; the harness
//! adopts whatever a worker leaves when it is ended. Names come from the trap's
//! log. What a process that died left behind is removed and not held against
//! it: it had no chance to clean up. A recovery had.
//! Limits: an orphan of the caller's own children that comes to the harness
//! while it runs is taken for a body's.

use nix::unistd::Pid;

use super::StressError;
use super::burial::bury;
use super::crew::Crew;
use crate::process;
use crate::scenario::ProcessEnd;
use crate::shared::Shared;

/// Each turn can lay bare the children of those that it killed.
const GENERATIONS: usize = 16;

pub(super) struct Leaks {
    /// The caller's own children, which are none of our business.
    others: Vec<Pid>,
}

impl Leaks {
    pub(super) fn new() -> Self {
        Self { others: process::children() }
    }

    /// Removes what a round left behind; names what is held against it.
    pub(super) fn after_round<T: Shared>(
        &self,
        crew: &mut Crew<'_, T>,
        ends: &[ProcessEnd],
        recovered: bool,
    ) -> Result<Vec<String>, StressError> {
        let all_lived = ends.iter().all(lived);
        let leavers = crew.end_leavers(recovered)?.join(" or ");
        let mut left = Vec::new();
        if !leavers.is_empty() || !all_lived {
            let strays = self.remove_strays(&crew.pids())?;
            if !leavers.is_empty() {
                left.extend(strays.into_iter().map(|stray| format!("{stray} of {leavers}")));
                if left.is_empty() {
                    // It has ended since, or the kernel does not list children.
                    left.push(format!("a process of {leavers}"));
                }
            }
        }
        let names = crew.remove_names();
        if all_lived || recovered {
            left.extend(names);
        }
        Ok(left)
    }

    /// Removes processes that only came to light when the workers had gone.
    pub(super) fn after_run(&self) -> Result<Vec<String>, StressError> {
        self.remove_strays(&[])
    }

    /// Kills children that are neither workers nor the caller's own.
    fn remove_strays(&self, workers: &[Pid]) -> Result<Vec<String>, StressError> {
        let stray = |pid: &Pid| !workers.contains(pid) && !self.others.contains(pid);
        let mut found = Vec::new();
        for _ in 0..GENERATIONS {
            let strays: Vec<Pid> = process::children().into_iter().filter(stray).collect();
            if strays.is_empty() {
                break;
            }
            for pid in strays {
                let name = process::command_name(pid);
                if process::try_reap(pid).map_err(StressError::os("waitpid"))?.is_none() {
                    bury(pid)?;
                    found.push(format!("process {pid} ({name})"));
                }
            }
        }
        Ok(found)
    }
}

/// Whether a process had the chance to clean up.
fn lived(end: &ProcessEnd) -> bool {
    matches!(end, ProcessEnd::Returned { .. } | ProcessEnd::Panicked { .. })
}

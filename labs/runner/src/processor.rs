//! What a process does, with all that descend from it: how much processor time it
//! has used, and whether it sleeps.
//!
//! Idea: on a busy machine a check takes longer, and is no slower. What counts
//! are the ticks of all processes that it consists of; those that have ended are
//! in the counts of whoever waited for them.
//! Source: proc_pid_stat(5).
//! Limits: a tick is 1/100 s; what a process used whose parent died before it is
//! lost, and so are processes that end while the list is read.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

/// What the kernel says of one process, or of one thread.
#[derive(Clone, Copy)]
struct Process {
    id: u32,
    state: char,
    parent: u32,
    ticks: u64,
}

/// A process and its descendants.
pub struct Family {
    /// What all of them have used so far.
    pub used: Duration,
    /// Whether each thread of each sleeps, and waits for no disk.
    pub sleeps: bool,
}

impl Family {
    /// That of the process `root`.
    pub fn of(root: u32) -> Self {
        let mut left = processes(Path::new("/proc"));
        let (mut family, mut ticks, mut sleeps) = (vec![root], 0, true);
        // Each pass takes in at least one more, or is the last.
        loop {
            let (members, others): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|process| process.id == root || family.contains(&process.parent));
            if members.is_empty() {
                let used = ticks as f64 / ticks_per_second() as f64;
                return Self { used: Duration::from_secs_f64(used), sleeps };
            }
            ticks += members.iter().map(|process| process.ticks).sum::<u64>();
            sleeps = sleeps && members.iter().all(|process| all_sleep(process.id));
            family.extend(members.iter().map(|process| process.id));
            left = others;
        }
    }
}

/// What the process `root` and its descendants have used so far.
pub fn used_by(root: u32) -> Duration {
    Family::of(root).used
}

/// A process that is dead and not yet waited for sleeps, too.
fn all_sleep(id: u32) -> bool {
    let threads = processes(&Path::new("/proc").join(id.to_string()).join("task"));
    threads.iter().all(|thread| matches!(thread.state, 'S' | 'Z' | 'X'))
}

fn ticks_per_second() -> i64 {
    sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100)
}

/// All processes that `folder` lists; in the `task` of one, its threads.
fn processes(folder: &Path) -> Vec<Process> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            parse(id, &fs::read_to_string(entry.path().join("stat")).ok()?)
        })
        .collect()
}

/// The fields behind the name, which may hold anything but ends with the last
/// bracket: 3 is the state, 4 the parent, 14 to 17 are ticks.
fn parse(id: u32, stat: &str) -> Option<Process> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let ticks = field(14)? + field(15)? + field(16)? + field(17)?;
    let state = fields.first()?.chars().next()?;
    Some(Process { id, state, parent: field(4)?.try_into().ok()?, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_behind_the_name() {
        let stat = "7 (a) b) S 5 7 7 0 -1 0 1 0 2 0 100 20 3 4 20 0 1 0 55 0 0";
        let process = parse(7, stat).expect("a process");
        let Process { id, state, parent, ticks } = process;
        assert_eq!((id, state, parent, ticks), (7, 'S', 5, 127));
    }

    #[test]
    fn time_of_this_process_grows_as_it_computes() {
        let before = used_by(std::process::id());
        let mut sum = 0_u64;
        // Ends by what is measured.
        while used_by(std::process::id()) < before + Duration::from_millis(50) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(!Family::of(std::process::id()).sleeps, "this thread computes");
    }
}

//! Which processes have the segment mapped, and what they wait for.
//!
//! Idea: the kernel tells the mappings of every process that we may look at, and
//! of a sleeping thread also the system call and its arguments. A futex call on
//! the semaphore's address waits for the lock, one on the version's for a change.
//! Source: proc_pid_maps(5), proc_pid_syscall(5), futex(2).
//! Limits: processes of other users, and of other PID namespaces, do not show;
//! what a process waits for shows only where the kernel lets us look (ptrace(2),
//! "access mode checking").

use std::fs;
use std::mem::offset_of;

use serde::Serialize;
use shmkv::Table;

/// A process that has the segment mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapper {
    /// Its id.
    pub pid: u32,
    /// Its name, as the kernel keeps it: at most 15 bytes.
    pub name: String,
    /// Whether it is this server.
    pub this: bool,
    /// What it sleeps on, of what is in the segment.
    pub waits: Waits,
}

/// What a process sleeps on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Waits {
    /// The kernel does not let us look.
    Unknown,
    /// Nothing in the segment.
    Nothing,
    /// A change of the version.
    Change,
    /// The semaphore.
    Lock,
}

/// The processes that have the object with this inode mapped.
pub fn on_object(inode: u64) -> Vec<Mapper> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut found: Vec<Mapper> = pids.filter_map(|pid| look(pid, inode)).collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// The process, if it has the object mapped.
fn look(pid: u32, inode: u64) -> Option<Mapper> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let start = maps.lines().find_map(|line| start_of_mapping(line, inode))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned();
    let this = pid == std::process::id();
    let mut waits = what_threads_wait_for(pid, start);
    if this {
        // Its watcher, unless it looks just now.
        waits = waits.max(Waits::Change);
    }
    Some(Mapper { pid, name, this, waits })
}

/// The first address of a line of `maps`, if it is of this object.
fn start_of_mapping(line: &str, inode: u64) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    let (range, offset) = (fields.next()?, fields.nth(1)?);
    let found: u64 = fields.nth(1)?.parse().ok()?;
    let path = fields.next()?;
    let is_it = found == inode && offset.bytes().all(|digit| digit == b'0');
    if !is_it || !path.starts_with("/dev/shm/") {
        return None;
    }
    u64::from_str_radix(range.split('-').next()?, 16).ok()
}

/// The most telling of what the threads of a process wait for.
fn what_threads_wait_for(pid: u32, start: u64) -> Waits {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Waits::Unknown };
    let waits = threads.flatten().map(|thread| {
        let call = fs::read_to_string(thread.path().join("syscall"));
        call.map_or(Waits::Unknown, |call| what_call_waits_for(&call, start))
    });
    waits.max().unwrap_or(Waits::Unknown)
}

/// What a line of `syscall` waits for, in a table that lies at `start`.
fn what_call_waits_for(call: &str, start: u64) -> Waits {
    let mut fields = call.split_ascii_whitespace();
    let is_futex = fields.next() == Some(libc::SYS_futex.to_string().as_str());
    let address = fields
        .next()
        .and_then(|word| word.strip_prefix("0x"))
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let Some(offset) = address.and_then(|address| address.checked_sub(start)) else {
        return Waits::Nothing;
    };
    let semaphore = offset_of!(Table, sem) as u64;
    match offset {
        _ if !is_futex => Waits::Nothing,
        offset if offset == offset_of!(Table, version) as u64 => Waits::Change,
        offset if (semaphore..semaphore + 8).contains(&offset) => Waits::Lock,
        _ => Waits::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmkv::Store;
    use shmkv_tests::TestName;

    #[test]
    fn this_process_is_found_while_it_has_the_object_mapped() {
        let name = TestName::new("srv-maps");
        let store = Store::create(&name).unwrap();
        let (_, inode) = store.segment().identity();
        let this = |found: &[Mapper]| found.iter().any(|process| process.this);
        assert!(this(&on_object(inode)));
        drop(store);
        assert!(!this(&on_object(inode)));
    }

    #[test]
    fn lines_of_maps_are_read() {
        let line = "7f3c2000-7f3c3000 rw-s 00000000 00:19 1043      /dev/shm/kv";
        assert_eq!(start_of_mapping(line, 1043), Some(0x7f3c_2000));
        assert_eq!(start_of_mapping(line, 1044), None);
        let deleted = format!("{line} (deleted)");
        assert_eq!(start_of_mapping(&deleted, 1043), Some(0x7f3c_2000));
        let elsewhere = line.replace("/dev/shm/kv", "/tmp/kv");
        assert_eq!(start_of_mapping(&elsewhere, 1043), None);
        assert_eq!(start_of_mapping("7f3c2000-7f3c3000 rw-p 00000000 00:00 0", 0), None);
    }

    #[test]
    fn futex_calls_on_the_table_are_told_apart() {
        let start = 0x7f3c_2000;
        let futex = libc::SYS_futex;
        let call = |number: i64, offset: u64| {
            what_call_waits_for(&format!("{number} {:#x} 0x0 0x1", start + offset), start)
        };
        assert_eq!(call(futex, 3280), Waits::Lock);
        assert_eq!(call(futex, 3312), Waits::Change);
        assert_eq!(call(futex, 0), Waits::Nothing);
        assert_eq!(call(futex + 1, 3280), Waits::Nothing);
        assert_eq!(what_call_waits_for("running", start), Waits::Nothing);
        assert_eq!(what_call_waits_for("-1 0x7ffd 0x0", start), Waits::Nothing);
    }
}

//! Another process on a store, for tests: `store-peer NAME TASK [ARGUMENT…]`.
//!
//! Prints one line for each thing that the test waits for. A minute is the
//! longest that it lives, whatever becomes of the test.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Uid, alarm, getegid, geteuid, setuid};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use shmkv::{KeyValue, SegmentError, SegmentName, Store, StoreError};

/// More keys than there are slots.
const KEYS: usize = 14;

fn main() -> Result<(), Box<dyn Error>> {
    alarm::set(60);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let name = SegmentName::new(*words.first().ok_or("no name")?)?;

    task(&name, &words[1..])
}

fn task(name: &SegmentName, words: &[&str]) -> Result<(), Box<dyn Error>> {
    match *words {
        ["hold"] => hold(&Store::open(name)?),
        ["keep-open"] => keep_open(&Store::open(name)?),
        ["wait-for-lock"] => wait_for_lock(&Store::open(name)?),
        ["hold-unmarked"] => hold_unmarked(&Store::open(name)?),
        ["set", key, value] => report(Store::open(name)?.set(key, value)),
        ["create"] => report(Store::create(name).map(|_| "created")),
        ["open"] => report(Store::open(name).map(|_| "opened")),
        ["recover"] => recover(name),
        ["open-of", owner] => {
            let trusting = shmkv::OpenOptions::new().allow_owner(owner.parse()?);
            report(Store::open_with(name, trusting).map(|_| "opened"))
        }
        ["unlink"] => report(Store::unlink(name).map(|()| "unlinked")),
        ["create-or-open"] => create_or_open(name),
        ["replace"] => replace(&Store::open(name)?),
        ["churn"] => churn(&Store::open(name)?),
        ["increment", key, times] => increment(&Store::open(name)?, key, times.parse()?),
        ["work", seed, times] => work(&Store::open(name)?, seed.parse()?, times.parse()?),
        ["fill"] => fill(name),
        ["open-hole"] => open_hole(name),
        ["with-umask", mask, ref rest @ ..] => {
            umask(Mode::from_bits_truncate(u32::from_str_radix(mask, 8)?));
            task(name, rest)
        }
        ["with-file-limit", bytes, ref rest @ ..] => {
            let bytes = bytes.parse()?;
            setrlimit(Resource::RLIMIT_FSIZE, bytes, bytes)?;
            task(name, rest)
        }
        ["as-nobody", ref rest @ ..] => {
            setuid(Uid::from_raw(65534))?;
            task(name, rest)
        }
        ["in-small-memory", ref rest @ ..] => match small_memory() {
            Ok(()) => task(name, rest),
            Err(error) => say(format!("not possible here: {error}")),
        },
        _ => Err(format!("unknown task {words:?}").into()),
    }
}

/// Prints a line, at once.
fn say(line: impl std::fmt::Display) -> Result<(), Box<dyn Error>> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

/// Prints a result, error or not.
fn report(result: Result<impl std::fmt::Display, StoreError>) -> Result<(), Box<dyn Error>> {
    match result {
        Ok(value) => say(value),
        Err(error) => say(format!("error: {error}")),
    }
}

/// Takes the lock and keeps it until the input ends.
fn hold(store: &Store) -> Result<(), Box<dyn Error>> {
    let _guard = store.lock()?;
    say("held")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The same, as a C program does that says nothing of itself.
fn hold_unmarked(store: &Store) -> Result<(), Box<dyn Error>> {
    let _guard = store.table().sem.guard()?;
    say("held")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Keeps the store open until the input ends.
fn keep_open(_store: &Store) -> Result<(), Box<dyn Error>> {
    say("open")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Waits for the lock for as long as it takes, and then holds it.
fn wait_for_lock(store: &Store) -> Result<(), Box<dyn Error>> {
    say("waiting")?;
    // Without a look at the owner, whose death would end the wait.
    store.table().sem.wait()?;
    say("held")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    store.table().sem.post()?;
    Ok(())
}

/// Waits for the end of the input, then recovers.
fn recover(name: &SegmentName) -> Result<(), Box<dyn Error>> {
    say("ready")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    match Store::recover(name) {
        Ok(Some(recovered)) => say(recovered),
        Ok(None) => say("nothing to do"),
        Err(error) => say(format!("error: {error}")),
    }
}

/// Waits for a line of input, then creates or opens: the starting shot of a race.
fn create_or_open(name: &SegmentName) -> Result<(), Box<dyn Error>> {
    say("ready")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let (store, role) = match Store::create(name) {
        Ok(store) => (store, "created"),
        Err(StoreError::Segment(SegmentError::Exists { .. })) => (Store::open(name)?, "opened"),
        Err(error) => return Err(error.into()),
    };
    store.set("alive", "yes")?;
    say(role)
}

/// Inserts, replaces and deletes three keys for ever. Every value is one letter
/// many times over.
fn churn(store: &Store) -> Result<(), Box<dyn Error>> {
    say("churning")?;
    for round in 0_usize.. {
        let key = ["first", "the second key", "the third and longest key"][round % 3];
        let length = [200, 255, 9, 8, 7, 100][round % 6];
        let letter = b'a' + (round % 26) as u8;
        store.set(key, vec![letter; length])?;
        if round % 5 == 0 {
            store.delete(key)?;
        }
    }
    Ok(())
}

/// Replaces the values of three keys for ever, by values of one letter many
/// times over.
fn replace(store: &Store) -> Result<(), Box<dyn Error>> {
    for round in 0_usize.. {
        let key = ["first", "the second key", "the third and longest key"][round % 3];
        let letter = b'a' + (round % 26) as u8;
        store.set(key, vec![letter; [200, 255, 9, 8][round % 4]])?;
        if round == 2 {
            say("replacing")?;
        }
    }
    Ok(())
}

/// Adds one to the number in `key`, `times` times: read, then set if nothing
/// has changed since.
fn increment(store: &Store, key: &str, times: u32) -> Result<(), Box<dyn Error>> {
    let mut retries = 0_u32;
    for _ in 0..times {
        loop {
            let snapshot = store.entries()?;
            let entry = snapshot.get(key).ok_or("the number is gone")?;
            let number: u32 = entry.value_text()?.parse()?;
            match store.compare_and_set(key, (number + 1).to_string(), snapshot.version) {
                Ok(_) => break,
                Err(StoreError::VersionChanged { .. }) => retries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
    say(format!("{times} increments, {retries} retries"))
}

/// `times` random operations; prints how many of them changed the table.
fn work(store: &Store, seed: u64, times: u32) -> Result<(), Box<dyn Error>> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut changes = 0_u32;
    for _ in 0..times {
        let key = format!("key {}", random.random_range(0..KEYS));
        let result = match random.random_range(0..10) {
            0..6 => {
                let letter = random.random_range(b'a'..=b'z');
                store.set(&key, vec![letter; random.random_range(0..=255)]).map(|_| 1)
            }
            6..8 => store.delete(&key).map(|_| 1),
            8 => store.get(&key).map(|value| whole(&value)),
            _ => store
                .entries()
                .map(|snapshot| snapshot.entries.iter().map(|entry| whole(&entry.value)).sum()),
        };
        match result {
            Ok(changed) => changes += changed,
            Err(StoreError::NotFound { .. } | StoreError::Full { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    say(changes)
}

/// Panics on a value of two letters, which two writers made; counts no change.
fn whole(value: &[u8]) -> u32 {
    assert!(value.windows(2).all(|pair| pair[0] == pair[1]), "torn: {}", value.escape_ascii());
    0
}

/// Creates stores until there is no room; then uses each of them.
fn fill(name: &SegmentName) -> Result<(), Box<dyn Error>> {
    let mut stores = Vec::new();
    for number in 0..100 {
        match Store::create(&SegmentName::new(format!("{name}-{number}"))?) {
            Ok(store) => stores.push(store),
            Err(error) => {
                say(format!("error: {error}"))?;
                break;
            }
        }
        say("created")?;
    }
    for store in &stores {
        for number in 0..10 {
            store.set(number.to_string(), "v".repeat(255))?;
        }
    }
    say(format!("{} stores used", stores.len()))
}

/// Opens an object that is only sized, where there is no memory left for it.
fn open_hole(name: &SegmentName) -> Result<(), Box<dyn Error>> {
    let path = |name: &SegmentName| format!("/dev/shm{name}");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path(name))?.set_len(3320)?;
    // As much as fits.
    let mut all = options.open(path(&SegmentName::new(format!("{name}-all"))?))?;
    while all.write_all(&[1; 4096]).is_ok() {}
    report(Store::open(name).map(|_| "opened"))
}

/// Puts a file system of four pages on /dev/shm, for this process alone.
fn small_memory() -> std::io::Result<()> {
    if unshare(CloneFlags::CLONE_NEWNS).is_err() {
        become_root_of_own_namespace()?;
    }
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none)?;
    mount(Some("tmpfs"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), Some("size=16k"))?;
    Ok(())
}

/// What a user may do who is not root, where the system lets him:
/// user_namespaces(7).
fn become_root_of_own_namespace() -> std::io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))
}

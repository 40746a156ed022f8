//! What the system can refuse: rights, room, and file sizes.
//!
//! Each case changes something of its process that cannot be taken back, so a
//! peer does it to itself: a user, a umask, a limit, a file system.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use shmkv::{KeyValue, Store};
use shmkv_tests::{Peer, TestName};

/// What a peer prints.
fn lines(name: &TestName, task: &[&str]) -> Vec<String> {
    let arguments = [&[name.as_str()], task].concat();
    Peer::start(env!("CARGO_BIN_EXE_store-peer"), &arguments).lines()
}

fn mode(name: &TestName) -> u32 {
    let path = format!("/dev/shm{}", name.as_str());
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn mode_is_0600_whatever_the_umask() {
    for umask in ["0000", "0022", "0777"] {
        let name = TestName::new("umask");
        assert_eq!(lines(&name, &["with-umask", umask, "create"]), ["created"]);
        assert_eq!(mode(&name), 0o600, "with umask {umask}");
        Store::open(&name).unwrap().set("a", "1").unwrap();
    }
}

#[test]
fn store_of_another_user_is_denied() {
    let name = TestName::new("denied");
    Store::create(&name).unwrap();
    let denied = format!("error: permission to use segment {} was denied", name.as_str());
    if nix::unistd::geteuid().is_root() {
        let told = lines(&name, &["as-nobody", "open"]);
        let other = format!("error: segment {} belongs to user 0, and this process", name.as_str());
        assert!(told[0].starts_with(&other), "{told:?}");
        assert_eq!(lines(&name, &["as-nobody", "open-of", "0"]), std::slice::from_ref(&denied));
        assert_eq!(lines(&name, &["as-nobody", "unlink"]), [denied]);
    } else {
        let path = format!("/dev/shm{}", name.as_str());
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        assert_eq!(lines(&name, &["open"]), [denied]);
    }
}

/// Past the limit the kernel sends SIGXFSZ, whose default is to kill.
#[test]
fn limit_of_file_size_is_an_error_and_no_signal() {
    let name = TestName::new("fsize");
    let told = lines(&name, &["with-file-limit", "3319", "create"]);
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = format!("error: there is no room for 3320 bytes of segment {}", name.as_str());
    assert!(told[0].starts_with(&expected), "{told:?}");
    assert_eq!(lines(&name, &["with-file-limit", "3320", "create"]), ["created"]);
}

/// A file system of four pages on /dev/shm, which only the peer sees: stores
/// fit until it is full, and what was created stays usable.
#[test]
fn full_shared_memory_is_an_error_and_no_signal() {
    let name = TestName::new("full");
    let told = lines(&name, &["in-small-memory", "fill"]);
    if let [reason] = &told[..]
        && reason.starts_with("not possible here")
    {
        // Neither root nor a user who may have a file system of his own.
        return eprintln!("{reason}");
    }
    let [stores @ .., error, used] = &told[..] else { panic!("{told:?}") };
    assert!(!stores.is_empty() && stores.iter().all(|line| line == "created"), "{told:?}");
    assert!(error.contains("there is no room for 3320 bytes"), "{told:?}");
    assert_eq!(used, &format!("{} stores used", stores.len()), "{told:?}");
}

/// As above; the object is one of which no page is there. To read it would raise
/// SIGBUS.
#[test]
fn hole_in_full_shared_memory_is_an_error_and_no_signal() {
    let name = TestName::new("hole");
    let told = lines(&name, &["in-small-memory", "open-hole"]);
    let [line] = &told[..] else { panic!("{told:?}") };
    if line.starts_with("not possible here") {
        return eprintln!("{line}");
    }
    assert!(line.starts_with("error: there is no room for 3320 bytes"), "{line}");
}

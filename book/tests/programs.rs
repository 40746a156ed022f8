//! What programs print in the chapters, and what Linux does that no manual page says
//! plainly.

use std::fs::File;
use std::os::unix::fs::FileExt;

use escargot::CargoBuild;
use nix::errno::Errno;
use nix::fcntl::{OFlag, posix_fallocate};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;
use nix::sys::statvfs::statvfs;
use shmkv_tests::{TestName, program};

/// The chapter "Shared memory from zero" shows this snapshot.
#[test]
fn shared_memory_shows_what_is_shared() {
    // Asked of the workspace, as `cargo test` is, it has the same features, and is built.
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let example = CargoBuild::new().manifest_path(workspace).example("shared_memory");
    let output = example.run().expect("the example").command().output().expect("its output");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("shared_memory", String::from_utf8_lossy(&output.stdout));
}

/// The chapter of lab 4 shows this snapshot, with `/demo` for a name of this test's own.
#[test]
fn store_is_used_from_a_shell() {
    let name = TestName::new("book");
    let mut session = String::new();
    for line in [
        "set --create --name /demo city=Rome 'name=Ada Lovelace'",
        "list --name /demo",
        "get --name /demo name",
        "delete --name /demo city",
        "get --name /demo city",
        "unlink --name /demo",
    ] {
        session += &format!("$ lab-4 {line}\n{}", run(line, name.as_str()));
    }
    insta::assert_snapshot!("lab_4_session", session);
}

/// What `lab-4` prints with these arguments, on the store `name` in place of `/demo`.
fn run(line: &str, name: &str) -> String {
    let words = line.split('\'').enumerate().flat_map(|(i, piece)| match i % 2 {
        0 => piece.split_whitespace().map(|word| word.replace("/demo", name)).collect(),
        _ => vec![piece.to_owned()],
    });
    let output = program("lab-4").args(words).output().expect("lab 4 runs");
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8(printed).expect("it prints text").replace(name, "/demo")
}

/// An object that has lost its name already: nothing of it is left behind.
fn unnamed_object() -> File {
    let name = TestName::new("size");
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
    let object = shm_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR).expect("an object");
    shm_unlink(name.as_str()).expect("its name");
    object.into()
}

/// "A size is not memory": more than `/dev/shm` has is accepted as a size, and refused
/// as a reservation.
#[test]
fn size_reserves_no_memory() {
    let limit = statvfs("/dev/shm").expect("tmpfs");
    let all = limit.blocks() as u64 * limit.fragment_size() as u64;
    if all == 0 {
        eprintln!("ignored: this /dev/shm has no limit");
        return;
    }
    let object = unnamed_object();
    object.set_len(all + (1 << 30)).expect("a size");
    // Refused before a page is taken.
    let reserved = posix_fallocate(&object, 0, (all + 4096) as i64);
    assert_eq!(reserved, Err(Errno::ENOSPC));
}

/// The memory of an object without a name and without a mapping stays as long as a
/// descriptor is open.
#[test]
fn memory_stays_as_long_as_a_descriptor() {
    let object = unnamed_object();
    object.write_all_at(b"still here", 0).expect("room");
    let mut found = [0; 10];
    object.read_exact_at(&mut found, 0).expect("its bytes");
    assert_eq!(&found, b"still here");
}

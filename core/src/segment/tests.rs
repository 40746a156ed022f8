//! Segments: creating, opening, and everything that refuses.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rstest::rstest;

use super::*;
use crate::testing::TestName;

#[test]
fn created_segment_is_zero_and_of_its_length() {
    let name = TestName::new("create");
    let segment = Segment::create(&name, 100).unwrap();
    assert_eq!(segment.length(), 100);
    assert!(segment.was_created());
    let words: &[AtomicU32; 25] = segment.at(0).unwrap();
    assert!(words.iter().all(|word| word.load(Relaxed) == 0));
}

#[test]
fn opened_segment_is_the_same_memory() {
    let name = TestName::new("open");
    let created = Segment::create(&name, 4).unwrap();
    let opened = Segment::open(&name, 4).unwrap();
    assert!(!opened.was_created());
    created.at::<AtomicU32>(0).unwrap().store(7, Relaxed);
    assert_eq!(opened.at::<AtomicU32>(0).unwrap().load(Relaxed), 7);
}

#[test]
fn second_create_says_exists() {
    let name = TestName::new("exists");
    let _first = Segment::create(&name, 4).unwrap();
    assert!(matches!(Segment::create(&name, 4), Err(SegmentError::Exists { .. })));
}

#[test]
fn open_of_nothing_says_not_found() {
    let name = TestName::new("missing");
    assert!(matches!(Segment::open(&name, 4), Err(SegmentError::NotFound { .. })));
    assert!(matches!(Segment::unlink(&name), Err(SegmentError::NotFound { .. })));
}

#[test]
fn open_of_something_shorter_says_found_and_needed() {
    let name = TestName::new("short");
    let _segment = Segment::create(&name, 32).unwrap();
    let error = Segment::open(&name, 4096).err().unwrap();
    assert_eq!(error.to_string(), format!("segment {} holds 32 bytes; 4096 are needed", *name));
}

#[test]
fn segment_is_filled_before_anyone_can_open_it() {
    let name = TestName::new("filled");
    let created = Segment::create_with(&name, 4, |segment| {
        segment.at::<AtomicU32>(0).unwrap().store(7, Relaxed);
        assert!(matches!(Segment::open(&name, 4), Err(SegmentError::NotFound { .. })));
    });
    created.unwrap();
    let opened = Segment::open(&name, 4).unwrap();
    assert_eq!(opened.at::<AtomicU32>(0).unwrap().load(Relaxed), 7);
}

#[test]
fn create_or_open_creates_then_opens() {
    let name = TestName::new("either");
    assert!(Segment::create_or_open(&name, 4, |_| {}).unwrap().was_created());
    assert!(!Segment::create_or_open(&name, 4, |_| {}).unwrap().was_created());
}

#[test]
fn unlinked_segment_stays_mapped() {
    let name = TestName::new("unlinked");
    let segment = Segment::create(&name, 4).unwrap();
    Segment::unlink(&name).unwrap();
    segment.at::<AtomicU32>(0).unwrap().store(7, Relaxed);
    assert!(matches!(Segment::open(&name, 4), Err(SegmentError::NotFound { .. })));
}

#[test]
fn unlink_this_leaves_the_object_of_another() {
    let name = TestName::new("replaced");
    let first = Segment::create(&name, 4).unwrap();
    Segment::unlink(&name).unwrap();
    let second = Segment::create(&name, 4).unwrap();
    assert!(matches!(first.unlink_this(), Err(SegmentError::Replaced { .. })));
    second.unlink_this().unwrap();
    assert!(matches!(second.unlink_this(), Err(SegmentError::NotFound { .. })));
}

#[test]
fn what_lies_outside_is_refused() {
    let name = TestName::new("outside");
    let segment = Segment::create(&name, 6).unwrap();
    assert!(segment.at::<AtomicU32>(0).is_ok());
    for offset in [1, 2, 3, 4, 6, 4096, usize::MAX] {
        let found = segment.at::<AtomicU32>(offset);
        assert!(matches!(found, Err(SegmentError::Outside { length: 6, .. })), "{offset}");
    }
}

#[test]
fn mode_is_0600() {
    let name = TestName::new("mode");
    let _segment = Segment::create(&name, 4).unwrap();
    let metadata = fs::metadata(object::path_of(name.file_name())).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
}

#[test]
fn directory_link_fifo_and_empty_object_are_refused() {
    let name = TestName::new("kinds");
    let path = object::path_of(name.file_name());

    fs::create_dir(&path).unwrap();
    let opened = Segment::open(&name, 4);
    fs::remove_dir(&path).unwrap();
    assert!(matches!(opened, Err(SegmentError::NotAnObject { .. })));

    symlink("/dev/zero", &path).unwrap();
    assert!(matches!(Segment::open(&name, 4), Err(SegmentError::NotAnObject { .. })));
    fs::remove_file(&path).unwrap();

    mkfifo(&path, Mode::S_IRWXU).unwrap();
    assert!(matches!(Segment::open(&name, 4), Err(SegmentError::NotAnObject { .. })));
    fs::remove_file(&path).unwrap();

    File::create(&path).unwrap().set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    let error = Segment::open(&name, 4).err().unwrap();
    assert!(matches!(error, SegmentError::TooShort { found: 0, needed: 4, .. }), "{error}");
}

/// Some other user.
fn stranger() -> u32 {
    geteuid().as_raw() + 1
}

#[rstest]
#[case::own(0o600, 0, None, true)]
#[case::own_and_narrower(0o400, 0, None, true)]
#[case::own_that_others_can_read(0o644, 0, None, false)]
#[case::own_that_the_group_can_write(0o620, 0, None, false)]
#[case::own_allowed(0o666, 0, Some(0), true)]
#[case::of_another(0o600, 1, None, false)]
#[case::of_another_for_all(0o666, 1, None, false)]
#[case::of_another_allowed(0o666, 1, Some(0), true)]
#[case::of_a_third(0o666, 1, Some(2), false)]
fn object_is_refused_unless_its_owner_is_trusted(
    #[case] mode: u32,
    #[case] other: u32,
    #[case] allowed: Option<u32>,
    #[case] accepted: bool,
) {
    let name = TestName::new("owner");
    let segment = Segment::create(&name, 4).unwrap();
    let path = object::path_of(name.file_name());
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let found = fs::metadata(&path).unwrap();
    let owner = found.uid();
    // The object is ours; `other` says how far this process's user is from that.
    let options =
        allowed.map_or(OpenOptions::new(), |far| OpenOptions::new().allow_owner(owner + far));
    let result = options.check(&name, &found, owner + other);
    assert_eq!(result.is_ok(), accepted, "{result:?}");
    drop(segment);
}

#[test]
fn object_that_others_can_use_is_not_opened() {
    let name = TestName::new("wide");
    drop(Segment::create(&name, 4).unwrap());
    let path = object::path_of(name.file_name());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Segment::open(&name, 4).err().unwrap();
    assert!(matches!(error, SegmentError::OpenToOthers { mode: 0o644, .. }), "{error}");
    let error = Segment::create_or_open(&name, 4, |_| {}).err().unwrap();
    assert!(matches!(error, SegmentError::OpenToOthers { .. }), "{error}");
    Segment::open_with(&name, 4, OpenOptions::new().allow_owner(geteuid().as_raw())).unwrap();
}

/// Only root can give an object away; every user finds one of root's.
#[test]
fn object_of_another_user_is_not_opened() {
    let name = TestName::new("stranger");
    drop(Segment::create(&name, 4).unwrap());
    let path = object::path_of(name.file_name());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    if chown(&path, Some(stranger()), None).is_err() {
        // Not root.
        return;
    }
    let error = Segment::open(&name, 4).err().unwrap();
    assert!(matches!(error, SegmentError::OtherOwner { .. }), "{error}");
    assert!(error.to_string().contains("if you trust that user"), "{error}");
    let error = Segment::create_or_open(&name, 4, |_| {}).err().unwrap();
    assert!(matches!(error, SegmentError::OtherOwner { .. }), "{error}");
    Segment::open_with(&name, 4, OpenOptions::new().allow_owner(stranger())).unwrap();
}

/// A C program sizes its object, and takes no memory for it.
#[test]
fn holes_are_filled_when_an_object_is_opened() {
    let name = TestName::new("holes");
    let path = object::path_of(name.file_name());
    let file = File::create(&path).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    file.set_len(10_000).unwrap();
    assert_eq!(file.metadata().unwrap().blocks(), 0);
    Segment::open(&name, 9000).unwrap();
    assert!(file.metadata().unwrap().blocks() * 512 >= 9000);
    assert_eq!(file.metadata().unwrap().len(), 10_000);
}

/// Not promised by mmap(2), which calls these bytes unspecified; a store that
/// finds them unshared only notices changes later.
#[test]
fn rest_of_the_last_page_is_shared_on_linux() {
    let name = TestName::new("rest");
    let created = Segment::create(&name, 100).unwrap();
    let opened = Segment::open(&name, 100).unwrap();
    created.in_last_page::<AtomicU32>(100).unwrap().store(7, Relaxed);
    assert_eq!(opened.in_last_page::<AtomicU32>(100).unwrap().load(Relaxed), 7);
    let size = fs::metadata(object::path_of(name.file_name())).unwrap().len();
    assert_eq!(size, 100);
}

#[test]
fn descriptor_is_the_object() {
    let name = TestName::new("descriptor");
    for segment in [Segment::create(&name, 100).unwrap(), Segment::open(&name, 100).unwrap()] {
        let file = File::from(segment.as_fd().try_clone_to_owned().unwrap());
        assert_eq!(file.metadata().unwrap().ino(), segment.identity.1);
    }
}

#[test]
fn memory_given_away_stays_mapped() {
    let name = TestName::new("raw");
    let (address, descriptor) = Segment::create(&name, 100).unwrap().into_raw();
    assert_eq!(File::from(descriptor).metadata().unwrap().len(), 100);
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.starts_with(&format!("{:x}-", address.addr())));
    assert!(line.is_some_and(|line| line.contains("rw-s")), "{maps}");
}

#[test]
fn name_given_to_another_object_is_noticed() {
    let name = TestName::new("renamed");
    let first = Segment::create(&name, 4).unwrap();
    assert!(first.is_named().unwrap());
    Segment::unlink(&name).unwrap();
    assert!(!first.is_named().unwrap());
    let second = Segment::create(&name, 4).unwrap();
    assert!(!first.is_named().unwrap());
    assert!(second.is_named().unwrap());
    assert_ne!(first.identity(), second.identity());
}

//! A C program and the Rust store on one object at the same time.
//!
//! The program, `c/store_peer.c`, is compiled here by `$CC` or `cc`. Without a
//! compiler the tests are ignored, and say why; where `CI` is `true` they fail.

use std::env;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use shmkv::{Corruption, Deadline, KeyValue, Store, StoreError};
use shmkv_tests::{Peer, TestName};
use tempfile::TempDir;

/// A test, given the C program.
type Test = fn(&CPeer);

const TESTS: [(&str, Test); 9] = [
    ("layout_of_c_is_the_contract", layout_of_c_is_the_contract),
    ("store_made_by_c_is_opened", store_made_by_c_is_opened),
    ("store_made_by_us_is_used_by_c", store_made_by_us_is_used_by_c),
    ("both_take_the_lowest_free_slot", both_take_the_lowest_free_slot),
    ("leftovers_behind_a_nul_are_ignored", leftovers_behind_a_nul_are_ignored),
    ("increments_of_both_lose_nothing", increments_of_both_lose_nothing),
    ("change_by_c_is_noticed", change_by_c_is_noticed),
    ("fault_1_count_that_c_got_wrong_is_told", fault_1_count_that_c_got_wrong_is_told),
    ("fault_3_killed_c_owner_is_an_error", fault_3_killed_c_owner_is_an_error),
];

fn main() -> ExitCode {
    let c = Arc::new(CPeer::compile());
    let trials = TESTS.map(|(name, test)| {
        let c = Arc::clone(&c);
        Trial::ignorable_test(name, move || match &*c {
            Ok(c) => {
                test(c);
                Ok(Completion::Completed)
            }
            Err(reason) if env::var("CI").as_deref() == Ok("true") => Err(Failed::from(reason)),
            Err(reason) => Ok(Completion::ignored_with(reason)),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// The C program, in a directory that goes with this value.
struct CPeer {
    program: String,
    _directory: TempDir,
}

impl CPeer {
    /// Compiles it; the error says why there is no compiler to do so.
    ///
    /// # Panics
    /// When there is a compiler, and it refuses the program.
    fn compile() -> Result<Self, String> {
        let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo has made it");
        let program = directory.path().join("store_peer").display().to_string();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/c/store_peer.c");
        let flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread"];
        let output = Command::new(&compiler)
            .args(flags)
            .args([source, "-o", &program, "-lrt"])
            .output()
            .map_err(|error| format!("the C compiler {compiler} does not start: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{compiler} refuses {source}:\n{said}");
        Ok(Self { program, _directory: directory })
    }

    /// Starts it on `name`.
    fn start(&self, name: &TestName, task: &[&str]) -> Peer {
        Peer::start(&self.program, &[&[name.as_str()], task].concat())
    }

    /// Runs it to its end; says whether it succeeded.
    fn run(&self, name: &TestName, task: &[&str]) -> bool {
        self.start(name, task).finish().success()
    }

    /// What it prints.
    fn lines(&self, name: &TestName, task: &[&str]) -> Vec<String> {
        self.start(name, task).lines()
    }
}

fn layout_of_c_is_the_contract(c: &CPeer) {
    let lines = c.lines(&TestName::new("layout"), &["layout"]);
    assert_eq!(
        lines,
        ["size 3320, align 8", "pair 328: 0 64 320", "store: 0 3280 3312 3316"],
        "what core/src/layout/table.rs asserts of the Rust types"
    );
}

fn store_made_by_c_is_opened(c: &CPeer) {
    let name = TestName::new("by-c");
    assert!(c.run(&name, &["create"]));
    let store = Store::open(&name).unwrap();
    assert!(!c.run(&name, &["create"]), "a second create succeeded");

    assert!(c.run(&name, &["set", "city", "New York"]));
    assert_eq!(store.get("city").unwrap(), b"New York");
    assert_eq!(store.set("age", "25").unwrap(), 2);
    assert!(c.run(&name, &["delete", "city"]));
    assert!(matches!(store.get("city"), Err(StoreError::NotFound { .. })));
    assert_eq!(c.lines(&name, &["list"]), ["1 age=25 now", "version 3, count 1"]);
}

fn store_made_by_us_is_used_by_c(c: &CPeer) {
    let name = TestName::new("by-us");
    let store = Store::create(&name).unwrap();
    let longest = ["k".repeat(63), "v".repeat(255)];
    store.set(&longest[0], &longest[1]).unwrap();
    store.set("city", "").unwrap();
    let expected = format!("0 {}={} now", longest[0], longest[1]);
    assert_eq!(c.lines(&name, &["list"]), [&expected, "1 city= now", "version 2, count 2"]);

    assert!(c.run(&name, &["set", "city", "Ulm"]));
    let snapshot = store.entries().unwrap();
    assert_eq!(snapshot.version, 3);
    assert_eq!(snapshot.get("city").unwrap().value, b"Ulm");
    assert_eq!(snapshot.get(&longest[0]).unwrap().value, longest[1].as_bytes());

    store.clear().unwrap();
    assert_eq!(c.lines(&name, &["list"]), ["version 4, count 0"]);
}

fn both_take_the_lowest_free_slot(c: &CPeer) {
    let name = TestName::new("slots");
    let store = Store::create(&name).unwrap();
    for number in 0..10 {
        let key = number.to_string();
        if number % 2 == 0 {
            store.set(&key, "ours").unwrap();
        } else {
            assert!(c.run(&name, &["set", &key, "c's"]));
        }
    }
    assert!(matches!(store.set("10", ""), Err(StoreError::Full { .. })));
    assert!(!c.run(&name, &["set", "10", ""]));

    store.delete("7").unwrap();
    assert!(c.run(&name, &["delete", "2"]));
    store.set("to slot 2", "").unwrap();
    assert!(c.run(&name, &["set", "to slot 7", ""]));
    let entries = store.entries().unwrap().entries;
    assert_eq!((entries[2].slot, entries[2].key_text().unwrap()), (2, "to slot 2"));
    assert_eq!((entries[7].slot, entries[7].key_text().unwrap()), (7, "to slot 7"));
}

/// C copies a string and its NUL, and leaves what an older one had behind it.
fn leftovers_behind_a_nul_are_ignored(c: &CPeer) {
    let name = TestName::new("leftovers");
    let store = Store::create(&name).unwrap();
    store.set("a key of many letters", "a value of many letters").unwrap();
    assert!(c.run(&name, &["set", "a key of many letters", "short"]));
    assert_eq!(store.get("a key of many letters").unwrap(), b"short");

    assert!(c.run(&name, &["delete", "a key of many letters"]));
    assert!(c.run(&name, &["set", "a key", "v"]));
    assert_eq!(store.get("a key").unwrap(), b"v");
    assert!(!store.contains("a key of many letters").unwrap());
    assert_eq!(store.entries().unwrap().entries[0].key, b"a key");
}

/// 10,000 by C, under the semaphore, and 10,000 by us, by compare-and-set.
fn increments_of_both_lose_nothing(c: &CPeer) {
    let name = TestName::new("both");
    let store = Store::create(&name).unwrap();
    store.set("number", "0").unwrap();
    let mut peer = c.start(&name, &["increment", "number", "10000"]);
    assert_eq!(peer.line(), "ready");
    peer.end_input();
    for _ in 0..10_000 {
        loop {
            let snapshot = store.entries().unwrap();
            let number: u32 = snapshot.entries[0].value_text().unwrap().parse().unwrap();
            let next = (number + 1).to_string();
            match store.compare_and_set("number", next, snapshot.version) {
                Ok(_) => break,
                Err(StoreError::VersionChanged { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(peer.finish().success());
    assert_eq!(store.get("number").unwrap(), b"20000");
    assert_eq!(store.version(), 20_001);
}

/// C wakes nobody; we look again by ourselves.
fn change_by_c_is_noticed(c: &CPeer) {
    let name = TestName::new("noticed");
    let store = Store::create(&name).unwrap();
    let setter = c.start(&name, &["set", "a", "1"]);
    let deadline = Deadline::after(Duration::from_secs(60));
    assert_eq!(store.wait_for_change(0, deadline).unwrap(), Some(1));
    assert!(!deadline.passed());
    assert!(setter.finish().success());
}

fn fault_1_count_that_c_got_wrong_is_told(c: &CPeer) {
    let name = TestName::new("miscount");
    let store = Store::create(&name).unwrap();
    assert!(c.run(&name, &["miscount"]));
    let wrong = Corruption::Count { count: 1, occupied: 0 };
    assert!(matches!(store.entries(), Err(StoreError::Corrupt(found)) if found == wrong));
}

fn fault_3_killed_c_owner_is_an_error(c: &CPeer) {
    let name = TestName::new("c-owner");
    let store = Store::create(&name).unwrap().with_lock_timeout(Duration::from_millis(200));
    let mut owner = c.start(&name, &["hold"]);
    assert_eq!(owner.line(), "held");
    owner.kill();
    assert!(matches!(store.get("a"), Err(StoreError::LockTimeout { .. })));
}

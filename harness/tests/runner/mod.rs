//! Runs tests that fork: one after another, on the main thread.
//!
//! Where the machine lacks what they need, they are ignored, and say why; under
//! CI, where nothing may be lacking, they fail.
//!
//! After each test it is seen to that no child process is left and that
//! `/dev/shm` holds no name that was not there before, apart from other
//! programs' names; tests put their own process id into theirs.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use shmkv_harness::sim::SimError;

/// A test with its name.
pub type Test = (&'static str, fn());

/// Names test functions after themselves: `tests![a, b]`.
#[macro_export]
macro_rules! tests {
    ($($test:ident),+ $(,)?) => { &[$((stringify!($test), $test as fn())),+] };
}

/// Runs `tests` as the command line asks, if what they need is there.
pub fn run(needed: Result<(), SimError>, tests: &[Test]) -> ExitCode {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    let lacking = needed.err().map(|error| error.to_string());
    let mut arguments = Arguments::from_args();
    // One thread: then libtest-mimic runs tests on the main one.
    arguments.test_threads = Some(1);
    let trials = tests.iter().map(|&(name, test)| {
        let lacking = lacking.clone();
        Trial::ignorable_test(name, move || match lacking {
            Some(why) if required => Err(Failed::from(why)),
            Some(why) => Ok(Completion::ignored_with(why)),
            None => {
                clean_after(test);
                Ok(Completion::Completed)
            }
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn clean_after(test: fn()) {
    let result = catch_unwind(AssertUnwindSafe(test));
    let (children, names) = (children(), own_names());
    for name in &names {
        let _ = fs::remove_file(format!("/dev/shm/{name}"));
    }
    if let Err(panic) = result {
        resume_unwind(panic);
    }
    assert_eq!(children, "", "child processes are left");
    assert!(names.is_empty(), "segments are left: {names:?}");
}

fn children() -> String {
    fs::read_to_string("/proc/thread-self/children").expect("the list of children")
}

/// Names under `/dev/shm` that hold this process's id.
fn own_names() -> Vec<String> {
    let id = format!("-{}-", std::process::id());
    let entries = fs::read_dir("/dev/shm").expect("/dev/shm");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.contains(&id)).collect()
}

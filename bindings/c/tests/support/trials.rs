//! Test programs whose tests are known only when they run.
//!
//! Idea: what a machine lacks makes tests ignored, with the reason in the
//! report; on a machine that must have everything (`CI=true`) it fails them.

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use super::{Outcome, private_shm};

/// Runs tests in this process's own `/dev/shm`, one after the other. `make`
/// makes them once that is there.
pub fn run(make: impl FnOnce() -> Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // On the main thread: several of them use the default name.
    arguments.test_threads = Some(1);
    // Cargo's list of directories, in which an older library can come first.
    // SAFETY: this program has no other thread yet.
    unsafe { env::remove_var("LD_LIBRARY_PATH") };
    let _shm = match private_shm::enter() {
        Ok(shm) => shm,
        Err(why) => {
            eprintln!("error: {why}");
            return ExitCode::FAILURE;
        }
    };
    let conclusion = libtest_mimic::run(&arguments, make());
    let left = private_shm::sweep();
    if left.is_empty() {
        return conclusion.exit_code();
    }
    eprintln!("error: left behind in /dev/shm: {}", left.join(", "));
    ExitCode::FAILURE
}

/// A test that fails with a sentence, and then leaves no object to the next.
pub fn trial(name: impl Into<String>, test: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test().map_err(|why| {
            private_shm::sweep();
            Failed::from(why)
        })
    })
}

/// The tests that `make` makes of a tool; or, without the tool, one test called
/// `name` that stands for them.
pub fn with<T>(tool: &Outcome<T>, name: &str, make: impl FnOnce(&T) -> Vec<Trial>) -> Vec<Trial> {
    match tool {
        Ok(tool) => make(tool),
        Err(why) => vec![missing(name, why.clone())],
    }
}

fn missing(name: &str, why: String) -> Trial {
    let required = env::var("CI").is_ok_and(|value| value == "true");
    Trial::ignorable_test(name, move || match required {
        true => Err(Failed::from(format!("{why}; with CI=true nothing may be missing"))),
        false => Ok(Completion::ignored_with(why)),
    })
}

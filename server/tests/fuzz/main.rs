//! The API, asked at random what its own description allows, and what it does
//! not: `pip install schemathesis`, then `cargo test -p shmkv-server --test fuzz`.
//!
//! Every answer must be one that the description declares, in its form, and the
//! server must be none the worse. Which failures a client might avoid is not
//! judged: 412, 413 and 507 are answers to requests that the description cannot
//! tell from others.
//! Limits: the requests come from one seed, the same each time. Where there is
//! no schemathesis the test is ignored, and says so; under `CI=true` it fails.

#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use shmkv_tests::TestName;
use support::Server;

/// What cannot be judged from the description.
const LEFT_OUT: &str = "not_a_server_error,negative_data_rejection,positive_data_acceptance";

/// Far more than the whole run takes.
const LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let trial = Trial::ignorable_test("every_answer_is_a_declared_one", || {
        let version = Command::new("schemathesis").arg("--version").output();
        if version.is_ok_and(|output| output.status.success()) {
            every_answer_is_a_declared_one();
            return Ok(Completion::Completed);
        }
        let why = "schemathesis is not installed (pip install schemathesis)";
        match std::env::var("CI").as_deref() {
            Ok("true") => Err(Failed::from(why)),
            _ => Ok(Completion::ignored_with(why)),
        }
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn every_answer_is_a_declared_one() {
    let name = TestName::new("srv-fuzz");
    let server = Server::start(&name, &[]);
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let mut run = Command::new("schemathesis");
    run.current_dir(folder.path())
        .args(["run", &format!("{}/openapi.json", server.url())])
        // Streams have no end.
        .args(["--exclude-path", "/events", "--exclude-path", "/frames"])
        .args(["--checks", "all", "--exclude-checks", LEFT_OUT])
        .args(["--seed", "1", "--max-examples", "60", "--request-timeout", "10"])
        .stdout(File::create(&said).unwrap());
    let status = ended(run.spawn().unwrap());
    let said = fs::read_to_string(said).unwrap();
    assert!(status.is_some_and(|status| status.success()), "{status:?} within {LIMIT:?}: {said}");
    assert_eq!(server.get("/healthz").status, 200, "the server lives on");
    // A 500 is declared, for tables that others have spoilt; this one is whole.
    let metrics = server.get("/metrics").body;
    let errors: Vec<_> = metrics.lines().filter(|line| line.contains("result=\"error\"")).collect();
    assert_eq!(errors.len(), 5, "{metrics}");
    assert!(errors.iter().all(|line| line.ends_with(" 0")), "{errors:?}");
}

/// How a child ends; `None`, and it is killed, when it does not within the limit.
fn ended(mut child: Child) -> Option<ExitStatus> {
    let end = Instant::now() + LIMIT;
    loop {
        match child.try_wait().unwrap() {
            None if Instant::now() < end => sleep(Duration::from_millis(50)),
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            status => return status,
        }
    }
}

//! The API, asked at random what its own description allows, and what it does
//! not: `pip install schemathesis`, then `cargo test -p shmkv-server --test fuzz`.
//!
//! Every answer must be one that the description declares, in its form. Which
//! failures a client might avoid is not judged: 412, 413 and 507 are answers to
//! requests that the description cannot tell from others.
//! Limits: ignored where schemathesis is not installed, in CI too.

#[path = "../support/mod.rs"]
mod support;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};
use shmkv_tests::TestName;
use support::Server;

const CHECKS: &str = "status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

fn main() -> ExitCode {
    let version = Command::new("schemathesis").arg("--version").output();
    let is_there = version.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("fuzz of the API: schemathesis is not installed (pip install schemathesis)");
    }
    let trial = Trial::test("every_answer_is_a_declared_one", || {
        every_answer_is_a_declared_one();
        Ok(())
    });
    let trials = vec![trial.with_ignored_flag(!is_there)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn every_answer_is_a_declared_one() {
    let name = TestName::new("srv-fuzz");
    let server = Server::start(&name, &[]);
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("schemathesis")
        .current_dir(folder.path())
        .args(["run", &format!("{}/openapi.json", server.url())])
        // Streams have no end.
        .args(["--exclude-path", "/events", "--exclude-path", "/frames"])
        .args(["--checks", CHECKS, "--max-examples", "40"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(server.get("/healthz").status, 200, "the server lives on");
    // A 500 is declared, for tables that others have spoilt; this one is whole.
    let metrics = server.get("/metrics").body;
    let errors: Vec<_> = metrics.lines().filter(|line| line.contains("result=\"error\"")).collect();
    assert_eq!(errors.len(), 4, "{metrics}");
    assert!(errors.iter().all(|line| line.ends_with(" 0")), "{errors:?}");
}

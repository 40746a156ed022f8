//! What several of these tests need.

use std::time::Duration;

use shmkv_harness::sim::{Execution, Order, Runner, Search, SearchReport, SimError, explore};
use shmkv_harness::{Scenario, Shared, Verdict};

/// Runs code that may break the rules of memory safety: what becomes of the
/// process that runs it is what is tested.
macro_rules! unsound {
    ($($code:tt)*) => {{
        #[allow(clippy::multiple_unsafe_ops_per_block)]
        // SAFETY: in a child process, which is watched.
        unsafe { $($code)* }
    }};
}
pub(crate) use unsound;

/// Longer than anything here takes but a process that hangs.
pub const HANG: Duration = Duration::from_secs(10);

pub fn search<T: Shared>(scenario: &Scenario<T>, search: &Search) -> SearchReport {
    explore(scenario, &search.clone().hang_after(HANG)).expect("a search")
}

/// One execution, in which each process goes on as long as it can.
pub fn execute<T: Shared>(scenario: &Scenario<T>) -> Execution {
    execute_under(scenario, "")
}

/// One execution under a schedule.
pub fn execute_under<T: Shared>(scenario: &Scenario<T>, schedule: &str) -> Execution {
    let schedule: shmkv_harness::sim::Schedule = schedule.parse().expect("a schedule");
    let order = Order { prefix: schedule.choices(), ..Order::default() };
    let mut runner = Runner::new(scenario, 60_000, HANG).expect("a runner");
    let execution = runner.run(&order).expect("an execution");
    assert_eq!(execution.diverged, None, "{schedule}");
    execution
}

/// The verdict on one process that does `body`.
pub fn verdict_on<T: Shared>(body: impl Fn(&T) + 'static) -> Verdict {
    execute(&Scenario::new("alone", |_: &T| {}).process("p", body)).verdict
}

/// That one process can do `body`, which asserts what must hold.
#[track_caller]
pub fn assert_holds<T: Shared>(body: impl Fn(&T) + 'static) {
    let verdict = verdict_on(body);
    assert!(verdict.held(), "{verdict}");
}

/// What is said where one process that does `body` is refused.
#[track_caller]
pub fn refusal<T: Shared>(body: impl Fn(&T) + 'static) -> String {
    let scenario = Scenario::new("alone", |_: &T| {}).process("p", body);
    let mut runner = Runner::new(&scenario, 60_000, HANG).expect("a runner");
    match runner.run(&Order::default()) {
        Err(error @ SimError::Refused { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(execution) => panic!("{}", execution.verdict),
    }
}

//! Executions repeat, and what the hardware does is among what is predicted.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use shmkv_harness::sim::{Order, Policy, Reduction, Runner, Search, replay};
use shmkv_harness::{Random, Scenario, StressOptions, stress};

use crate::common::{HANG, search};
use crate::programs::{Kind, random_program, scenario};

/// 100 programs, 10 random executions of each, each of them repeated from its
/// choices: the same steps with the same values, of which timelines are made. Of
/// every tenth program one is drawn twice: the same text. Seed 5.
pub fn executions_repeat_byte_for_byte() {
    let random = Random::new(5);
    for i in 0..100 {
        let kind = [Kind::Locks, Kind::Owners, Kind::Time][i as usize % 3];
        let scenario = scenario(&random_program(&random, 10_000, kind));
        let mut runner = Runner::new(&scenario, 20_000, HANG).expect("a runner");
        let mut schedule = String::new();
        for seed in 0..10 {
            let timeouts = u32::MAX / 8;
            let order = Order { policy: Policy::Random, seed, timeouts, ..Order::default() };
            let first = runner.run(&order).expect("an execution");
            let prefix = first.choices();
            schedule = prefix.iter().map(|choice| format!("{},", choice.process)).collect();
            let again = runner.run(&Order { prefix, ..Order::default() }).expect("an execution");
            assert_eq!(first.steps, again.steps);
            assert_eq!((first.outcome, first.verdict), (again.outcome, again.verdict));
        }
        drop(runner);
        if i % 10 > 0 {
            continue;
        }
        let schedule = schedule.trim_end_matches(',').parse().expect("a schedule");
        let draw = || replay(&scenario, &schedule).expect("a replay").timeline.to_string();
        assert_eq!(draw(), draw());
    }
}

/// 20 programs whose accesses are sequentially consistent, at full speed and in
/// every schedule. Seed 6.
pub fn what_stress_sees_is_predicted() {
    let random = Random::new(6);
    for i in 0..20 {
        let program =
            random_program(&random, 50, if i % 4 == 0 { Kind::Locks } else { Kind::Plain });
        let options = Search::unbounded().reduction(Reduction::Conflicts);
        let predicted = search(&scenario(&program), &options);
        assert!(predicted.complete);
        let predicted: BTreeSet<_> =
            predicted.outcomes.into_iter().map(|row| row.outcome).collect();
        let options = StressOptions { rounds: 300, ..StressOptions::default() };
        let seen = stress(&scenario(&program), &options).expect("a run");
        for row in seen.outcomes.iter().filter(|row| row.count > 0) {
            assert!(predicted.contains(&row.outcome), "{program:?}: {}", row.outcome);
        }
    }
}

/// A process that does not exist is named with those that do; a recovery counts.
pub fn schedule_of_a_process_that_does_not_exist_is_refused() {
    let two = Scenario::new("two", |_: &[AtomicU32; 1]| {}).processes(
        2,
        "p",
        |_, [word]: &[AtomicU32; 1]| word.fetch_add(1, SeqCst),
    );
    let error = |scenario: &Scenario<[AtomicU32; 1]>, schedule: &str| {
        let schedule = schedule.parse().expect("a schedule");
        replay(scenario, &schedule).expect_err("no such process").to_string()
    };
    assert!(error(&two, "2").contains("there is no process 2; the last is 1"));
    let recovered = two.recovery(|_| {});
    assert!(error(&recovered, "2").contains("process 2 has ended or waits"));
    assert!(error(&recovered, "3").contains("there is no process 3; the last is 2"));
}

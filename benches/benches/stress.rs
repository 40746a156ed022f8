//! Rounds of the stress harness per second.
//!
//! The bodies do one short operation each, so what is measured is the harness:
//! release, barrier, bell, reset, checks. With a kill in every round it is a
//! fork and a recovery as well.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shmkv_harness::{Scenario, StressOptions, stress};

fn increments(processes: usize) -> Scenario<AtomicU64> {
    Scenario::new("increments", |_| {})
        .processes(processes, "adder", |_, count: &AtomicU64| count.fetch_add(1, Relaxed))
        .outcome(|end| end.shared.load(Relaxed).to_string())
}

/// How long `rounds` rounds take, the first forks included.
fn time_of(scenario: &Scenario<AtomicU64>, rounds: u64, kill_rate: f64) -> Duration {
    let options = StressOptions { rounds, kill_rate, ..StressOptions::default() };
    let report = stress(scenario, &options).expect("the scenario runs");
    assert!(report.held(), "{report}");
    report.elapsed
}

fn rounds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stress rounds");
    group.throughput(Throughput::Elements(1));
    for processes in [1, 2, 4] {
        let scenario = increments(processes);
        group.bench_function(format!("{processes} processes"), |bencher| {
            bencher.iter_custom(|rounds| time_of(&scenario, rounds, 0.0));
        });
    }
    let scenario = increments(2);
    group.bench_function("2 processes, 1 killed in each", |bencher| {
        bencher.iter_custom(|rounds| time_of(&scenario, rounds, 1.0));
    });
    group.finish();
}

criterion_group!(benches, rounds);
criterion_main!(benches);

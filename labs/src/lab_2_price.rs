//! Lab 2: what the semaphore costs.
//!
//! Idea: the scenarios of labs 1 and 2 with thousands of sets for each process
//! on one table, and the time that they take.
//! Limits: damage is not looked at here, and the start of the processes is in
//! the time: some 0.2 ms of it.

use serde::Serialize;
use shmkv_harness::{Cell, Scenario, Shared, StressOptions, TextTable, stress};

use crate::cli::{Common, LabError};
use crate::{lab_1, lab_2};

/// How many sets each process makes.
const SETS: u32 = 50_000;

/// So many processes' sets per second.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Price {
    /// How many processes.
    pub processes: usize,
    /// Sets per second without a lock.
    pub without: u64,
    /// Sets per second with the semaphore.
    pub with: u64,
}

/// Measures for one process, and for `processes` at once.
///
/// # Errors
/// Those of a stress run.
pub fn measure(processes: usize, common: &Common) -> Result<[Price; 2], LabError> {
    let price = |processes| {
        let without = sets_per_second(&lab_1::scenario(processes, SETS), common)?;
        let with = sets_per_second(&lab_2::scenario(processes, SETS), common)?;
        Ok::<_, LabError>(Price { processes, without, with })
    };
    Ok([price(1)?, price(processes)?])
}

fn sets_per_second<T: Shared>(scenario: &Scenario<T>, common: &Common) -> Result<u64, LabError> {
    let options = StressOptions {
        rounds: 1,
        seed: common.seed,
        stop_at_failure: false,
        ..Default::default()
    };
    let run = stress(scenario, &options)?;
    let sets = run.rounds as f64 * scenario.processes.len() as f64 * f64::from(SETS);
    Ok((sets / run.elapsed.as_secs_f64()) as u64)
}

/// The prices for people.
pub fn table(prices: &[Price]) -> TextTable {
    let mut table = TextTable::new([
        Cell::right("processes"),
        Cell::right("without"),
        Cell::right("with semaphore"),
    ]);
    for price in prices {
        table.row([
            Cell::right(price.processes),
            Cell::count(price.without),
            Cell::count(price.with),
        ]);
    }
    table
}

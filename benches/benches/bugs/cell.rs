//! One cell of the table: one program under one strategy.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use shmkv_bugs::{Form, Mean, Program};
use shmkv_harness::sim::{Search, Strategy};

/// No process hangs here, however much else the machine has to do.
const HANG: Duration = Duration::from_secs(300);

/// How far a cell goes.
#[derive(Args, Clone)]
pub struct Limits {
    /// Seeds for each strategy that samples.
    #[arg(long, default_value_t = 20)]
    pub seeds: u64,
    /// The most schedules with one seed.
    #[arg(long, default_value_t = 10_000)]
    pub cap: u64,
    /// Schedules of one program and one strategy after which no seed is begun.
    #[arg(long, default_value_t = 5_000)]
    pub budget: u64,
}

/// What is measured of each program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Random,
    Pct,
    Pos,
    Surw,
    /// All schedules with at most so many preemptions.
    Preemptions(u32),
    /// All schedules with at most so many delays.
    Delays(u32),
    /// All schedules of the repaired form within a bound of its own.
    Repaired,
}

impl Column {
    pub const ALL: [Self; 9] = [
        Self::Random,
        Self::Pct,
        Self::Pos,
        Self::Surw,
        Self::Preemptions(0),
        Self::Preemptions(1),
        Self::Preemptions(2),
        Self::Delays(2),
        Self::Repaired,
    ];

    /// Its head in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Pct => "PCT-3",
            Self::Pos => "POS",
            Self::Surw => "SURW",
            Self::Preemptions(0) => "0 preemptions",
            Self::Preemptions(1) => "1 preemption",
            Self::Preemptions(_) => "2 preemptions",
            Self::Delays(_) => "2 delays",
            Self::Repaired => "repaired",
        }
    }

    /// Whether it takes one schedule after another from a seed.
    pub fn samples(self) -> bool {
        matches!(self, Self::Random | Self::Pct | Self::Pos | Self::Surw)
    }

    /// What others needed.
    pub fn published(self, program: &Program) -> Mean {
        match self {
            Self::Random => program.published.random,
            Self::Pct => program.published.pct,
            Self::Pos => program.published.pos,
            Self::Surw => program.published.surw,
            Self::Preemptions(_) | Self::Delays(_) | Self::Repaired => Mean::Unknown,
        }
    }

    fn strategy(self, program: &Program, seed: u64) -> Strategy {
        match self {
            Self::Random => Strategy::Random { seed },
            Self::Pct => Strategy::Pct { depth: 3, seed },
            Self::Pos => Strategy::Pos { seed },
            Self::Surw => Strategy::Surw { seed },
            Self::Preemptions(most) => Strategy::Exhaustive { preemptions: Some(most) },
            Self::Delays(delays) => Strategy::Delays { delays },
            Self::Repaired => program.bound,
        }
    }
}

/// What one strategy needed on one program.
#[derive(Serialize, Deserialize)]
pub struct Needed {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many of them found nothing.
    pub missed: u64,
    /// The mean number of schedules.
    pub mean: f64,
    /// Whether the budget was spent before all seeds were run.
    pub cut_short: bool,
    /// Whether all schedules within the bound were run.
    pub complete: bool,
}

/// Measures one cell.
///
/// # Errors
/// What [`Program::explore`] says, or a failure that is not the program's bug.
pub fn measure(program: &Program, column: Column, limits: &Limits) -> Result<Needed, String> {
    let form = if column == Column::Repaired { Form::Repaired } else { Form::Buggy };
    let seeds = if column.samples() { limits.seeds } else { 1 };
    let mut needed = Needed { seeds: 0, missed: 0, mean: 0.0, cut_short: false, complete: false };
    let mut schedules = 0;
    for seed in 1..=seeds {
        if schedules >= limits.budget {
            needed.cut_short = true;
            break;
        }
        let search = Search {
            max_schedules: (form == Form::Buggy).then_some(limits.cap),
            minimise: false,
            hang_after: HANG,
            ..Search::new(column.strategy(program, seed)).stop_at_first_failure(true)
        };
        let report = program.explore(form, &search).map_err(|error| error.to_string())?;
        if report.failed > 0 && (form == Form::Repaired || report.verdict.word() != program.verdict)
        {
            return Err(format!("{}: {}", program.name, report.verdict));
        }
        needed.seeds += 1;
        needed.missed += u64::from(report.failed == 0);
        needed.complete = report.complete;
        schedules += report.schedules;
    }
    needed.mean = schedules as f64 / needed.seeds.max(1) as f64;
    Ok(needed)
}

//! Small programs with a known bug, each also without it.
//!
//! They are the usual measure of concurrency testing: SCTBench and its kin,
//! written from their descriptions as scenarios of processes. Where a program
//! creates threads, a process called `main` gives others their start, since the
//! order of creation is part of the program.
//! Source: Thomson, Donaldson & Betts, "Concurrency Testing Using Controlled
//! Schedulers: An Empirical Study", TOPC 2016. The published means are those of
//! Zhao, Wolff, Mathur & Roychoudhury, "Selectively Uniform Concurrency Testing",
//! ASPLOS 2025, whose tool has fewer steps in a mutex and more in a creation.
#![warn(missing_docs)]

mod account;
mod bluetooth;
mod bounded_buffer;
mod deadlock;
mod lazy;
mod lost_update;
mod reorder;
mod stack;
mod store_order;
mod string_buffer;
mod sync;
mod token_ring;
mod two_stage;
mod work_stealing;
mod wrong_lock;

use std::fmt;

use serde::Serialize;
use shmkv_harness::sim::{Search, SearchReport, SimError, Strategy, explore};
use shmkv_harness::{Scenario, Shared};

/// All programs, in the order of the table.
pub fn programs() -> Vec<Program> {
    vec![
        account::program(),
        bluetooth::program(),
        lazy::program(),
        deadlock::program(),
        stack::program(),
        token_ring::program(),
        wrong_lock::program(),
        two_stage::small(),
        two_stage::large(),
        reorder::small(),
        reorder::medium(),
        reorder::large(),
        string_buffer::program(),
        work_stealing::program(),
        bounded_buffer::program(),
        store_order::program(),
        lost_update::program(),
    ]
}

/// With its bug, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As published.
    Buggy,
    /// With the least change that makes it right.
    Repaired,
}

/// A mean number of schedules to the first bug, as published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mean {
    /// So many.
    Of(u32),
    /// So many, counting only the trials that found it.
    AtLeast(u32),
    /// No trial found it within 10,000 schedules.
    Never,
    /// Not published.
    Unknown,
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(n) => write!(f, "{n}"),
            Self::AtLeast(n) => write!(f, "{n}+"),
            Self::Never => f.write_str("never"),
            Self::Unknown => f.write_str("–"),
        }
    }
}

/// The published means of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// A random walk.
    pub random: Mean,
    /// PCT of depth 3.
    pub pct: Mean,
    /// Partial-order sampling.
    pub pos: Mean,
    /// Selectively uniform random walk.
    pub surw: Mean,
}

impl Published {
    /// Nothing was published.
    pub const NONE: Self = Self::of(Mean::Unknown, Mean::Unknown, Mean::Unknown, Mean::Unknown);

    const fn of(random: Mean, pct: Mean, pos: Mean, surw: Mean) -> Self {
        Self { random, pct, pos, surw }
    }
}

type Explore = Box<dyn Fn(Form, &Search) -> Result<SearchReport, SimError>>;

/// One program.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// How many processes it has.
    pub processes: usize,
    /// What its bug is seen as: the word of a verdict.
    pub verdict: &'static str,
    /// The fewest preemptions that show it.
    pub preemptions: u32,
    /// Within what its repaired form is searched to the end.
    pub bound: Strategy,
    /// What others needed.
    pub published: Published,
    explore: Explore,
}

impl Program {
    fn new<T: Shared>(
        name: &'static str,
        processes: usize,
        verdict: &'static str,
        preemptions: u32,
        build: impl Fn(Form) -> Scenario<T> + 'static,
    ) -> Self {
        let explore: Explore = Box::new(move |form, search| {
            let scenario = build(form);
            debug_assert_eq!(scenario.processes.len(), processes, "{name}");
            explore(&scenario, search)
        });
        let bound = Strategy::Exhaustive { preemptions: Some(2) };
        let published = Published::NONE;
        Self { name, processes, verdict, preemptions, bound, published, explore }
    }

    /// Its repaired form is searched within one preemption: two would take minutes.
    fn within_one_preemption(self) -> Self {
        Self { bound: Strategy::Exhaustive { preemptions: Some(1) }, ..self }
    }

    /// Its repaired form is searched within so many delays: even with one
    /// preemption it has too many schedules.
    fn within_delays(self, delays: u32) -> Self {
        Self { bound: Strategy::Delays { delays }, ..self }
    }

    fn published(self, published: Published) -> Self {
        Self { published, ..self }
    }

    /// Searches its schedules.
    ///
    /// # Errors
    /// As [`shmkv_harness::sim::explore`].
    pub fn explore(&self, form: Form, search: &Search) -> Result<SearchReport, SimError> {
        (self.explore)(form, search)
    }
}

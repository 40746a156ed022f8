//! What a search counts as it goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::coverage::CoverageCounter;
use super::order::Execution;
use super::strategy::Search;

/// The word of [`Verdict::TimedOut`].
const HUNG: &str = "timed out";

/// What a search counts as it goes.
pub struct Tally<'a> {
    /// How many schedules ran.
    pub schedules: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many steps were made in all.
    pub steps: u64,
    /// How often each outcome was seen, and how often as a failure.
    pub outcomes: BTreeMap<String, (u64, u64)>,
    /// How often each verdict was given.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// The first failure.
    pub first: Option<Execution>,
    /// When the search began.
    pub started: Instant,
    /// What was covered.
    pub coverage: CoverageCounter,
    /// Whether a process looked at a clock, slept, or waited for a time.
    pub time_matters: bool,
    max_schedules: u64,
    max_time: Duration,
    stop_at_first: bool,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Tally<'a> {
    /// Nothing was run yet.
    pub fn new(search: &Search, image: &[u8], progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self {
            schedules: 0,
            failed: 0,
            steps: 0,
            outcomes: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            first: None,
            started: Instant::now(),
            coverage: CoverageCounter::new(image),
            time_matters: false,
            max_schedules: search.max_schedules.unwrap_or(u64::MAX),
            max_time: search.max_time.unwrap_or(Duration::MAX),
            stop_at_first: search.stop_at_first_failure,
            progress,
        }
    }

    /// Counts one execution.
    pub fn count(&mut self, execution: &Execution) {
        self.schedules += 1;
        self.steps += execution.steps.len() as u64;
        self.coverage.add(&execution.steps);
        self.time_matters |= execution
            .steps
            .iter()
            .any(|step| step.looked || !(step.timed | step.sleeping).is_empty());
        *self.verdicts.entry(execution.verdict.word()).or_default() += 1;
        let held = execution.verdict.held();
        let row = self.outcomes.entry(execution.outcome.clone()).or_default();
        row.0 += 1;
        row.1 += u64::from(!held);
        if !held {
            self.failed += 1;
            if self.first.is_none() {
                self.first = Some(execution.clone());
            }
        }
        (self.progress)(self.schedules, self.failed);
    }

    /// Whether a limit has been reached. One schedule is run, however little time
    /// there is: a verdict on none would say nothing.
    pub fn enough(&self) -> bool {
        self.schedules >= self.max_schedules
            || self.schedules > 0 && self.started.elapsed() >= self.max_time
            || self.stop_at_first && self.failed > 0
            || self.verdicts.contains_key(HUNG)
    }
}

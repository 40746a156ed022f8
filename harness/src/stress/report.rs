//! What a run under stress says: outcomes with their grades and shares,
//! violations, ends, and the first failure.
//!
//! Idea: counts grow round by round; what is derived from them (shares, rounds
//! per second) is brought up to date when somebody is about to look.
//! Limits: at most 1,000 different outcomes are told apart; a scenario that
//! words each round anew is counted under "(other outcomes)".

use std::collections::HashMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::judge::RoundEnd;
use crate::judge::Judgement;
use crate::scenario::{Grade, ProcessEnd, Scenario};
use crate::shared::Shared;
use crate::verdict::Verdict;

const MOST_OUTCOMES: usize = 1_000;
const OTHER_OUTCOMES: &str = "(other outcomes)";

/// What happened in a run under stress.
#[derive(Clone, Debug, Serialize)]
pub struct StressReport {
    /// The scenario's name.
    pub scenario: String,
    /// The run's seed.
    pub seed: u64,
    /// How many rounds were run.
    pub rounds: u64,
    /// How long that took, checks included.
    #[serde(rename = "elapsed_ms", serialize_with = "as_ms")]
    pub elapsed: Duration,
    /// Rounds per second of that time.
    pub rounds_per_second: f64,
    /// The outcomes: those that were foreseen, in the scenario's order, seen or
    /// not; then others as they came.
    pub outcomes: Vec<OutcomeRow>,
    /// The invariants, in the scenario's order.
    pub invariants: Vec<InvariantRow>,
    /// How processes ended, over all rounds.
    pub ends: EndCounts,
    /// In how many rounds the scenario's recovery ran.
    pub recoveries: u64,
    /// Whether every segment that a body left behind was found and removed; false
    /// where the system cannot watch for them.
    pub names_checked: bool,
    /// In how many rounds the verdict was another than "held".
    pub failed_rounds: u64,
    /// The first round whose verdict was another than "held".
    pub first_failure: Option<Failure>,
    /// The verdict of that round; "held" where there is none.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How many outcomes were foreseen: they come first.
    #[serde(skip)]
    pub(super) foreseen: usize,
    /// Where each outcome's row is.
    #[serde(skip)]
    rows: HashMap<String, usize>,
}

/// One outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutcomeRow {
    /// The outcome, as the scenario words it.
    pub outcome: String,
    /// How it is judged.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// In how many rounds it was seen.
    pub count: u64,
    /// In how many of these a process, an invariant or the outcome itself was not as
    /// it must be.
    pub failed: u64,
    /// In which share of rounds, from 0 to 1.
    pub share: f64,
}

/// One invariant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InvariantRow {
    /// The invariant, in words.
    pub name: String,
    /// In how many rounds it did not hold.
    pub violations: u64,
    /// The first of them.
    pub first: Option<Violation>,
}

/// A round in which an invariant did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The round, counted from 0.
    pub round: u64,
    /// What was found.
    pub detail: String,
}

/// How often processes ended in each way, over all rounds; the recovery not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndCounts {
    /// Their bodies returned.
    pub returned: u64,
    /// Their bodies panicked.
    pub panicked: u64,
    /// The harness killed them, as it was asked to.
    pub killed: u64,
    /// Another signal ended them.
    pub signalled: u64,
    /// They called `exit`.
    pub exited: u64,
    /// They did not end in time.
    pub timed_out: u64,
}

/// A round whose verdict was another than "held".
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// The run's seed.
    pub seed: u64,
    /// The round, counted from 0.
    pub round: u64,
    /// What went wrong.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The round's outcome.
    pub outcome: String,
    /// How each process ended.
    pub processes: Vec<ProcessRow>,
}

/// How one process ended, with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessRow {
    /// Its name; `recovery` for the scenario's recovery.
    pub name: String,
    /// How it ended.
    #[serde(flatten)]
    pub end: ProcessEnd,
}

impl StressReport {
    /// Whether every round held.
    pub fn held(&self) -> bool {
        self.verdict.held()
    }

    /// In how many rounds `outcome` was seen.
    pub fn count(&self, outcome: &str) -> u64 {
        self.rows.get(outcome).map_or(0, |row| self.outcomes[*row].count)
    }

    /// In how many rounds the invariant called `name` did not hold.
    pub fn violations(&self, name: &str) -> u64 {
        let mut named = self.invariants.iter().filter(|row| row.name == name);
        named.next().map_or(0, |row| row.violations)
    }

    /// Panics with the whole report where a round did not hold. For tests.
    ///
    /// # Panics
    /// See above.
    #[track_caller]
    pub fn assert_held(&self) {
        assert!(self.held(), "\n{self}");
    }
}

impl StressReport {
    pub(super) fn new<T: Shared>(scenario: &Scenario<T>, seed: u64) -> Self {
        let invariants = scenario.invariants.iter().map(|invariant| InvariantRow {
            name: invariant.name.clone(),
            violations: 0,
            first: None,
        });
        let mut report = Self {
            scenario: scenario.name.clone(),
            seed,
            rounds: 0,
            elapsed: Duration::ZERO,
            rounds_per_second: 0.0,
            outcomes: Vec::new(),
            invariants: invariants.collect(),
            ends: EndCounts::default(),
            recoveries: 0,
            names_checked: false,
            failed_rounds: 0,
            first_failure: None,
            verdict: Verdict::Held,
            foreseen: 0,
            rows: HashMap::new(),
        };
        for expected in &scenario.expected {
            report.row(scenario, &expected.outcome);
        }
        report.foreseen = report.outcomes.len();
        report
    }

    /// Counts round `number`.
    pub(super) fn add<T: Shared>(
        &mut self,
        scenario: &Scenario<T>,
        number: u64,
        round: RoundEnd,
        judgement: Judgement,
    ) {
        self.rounds += 1;
        self.recoveries += u64::from(round.recovery.is_some());
        round.ends.iter().for_each(|end| self.ends.count(end));
        let row = self.row(scenario, &judgement.outcome);
        self.outcomes[row].count += 1;
        self.outcomes[row].failed += u64::from(!judgement.verdict.held());
        for (invariant, detail) in judgement.violated {
            let row = &mut self.invariants[invariant];
            row.violations += 1;
            row.first.get_or_insert(Violation { round: number, detail });
        }
        if judgement.verdict.held() {
            return;
        }
        self.failed_rounds += 1;
        if self.first_failure.is_none() {
            let names = scenario.process_names().chain(["recovery"]);
            let ends = round.ends.into_iter().chain(round.recovery);
            let processes =
                names.zip(ends).map(|(name, end)| ProcessRow { name: name.into(), end });
            let processes = processes.collect();
            self.fail(number, judgement.verdict, judgement.outcome, processes);
        }
    }

    /// Something was found when all rounds were over.
    pub(super) fn fail_at_end(&mut self, verdict: Verdict) {
        if self.first_failure.is_none() {
            self.failed_rounds += 1;
            self.fail(self.rounds.saturating_sub(1), verdict, String::new(), Vec::new());
        }
    }

    fn fail(&mut self, round: u64, verdict: Verdict, outcome: String, processes: Vec<ProcessRow>) {
        self.verdict = verdict.clone();
        let seed = self.seed;
        self.first_failure = Some(Failure { seed, round, verdict, outcome, processes });
    }

    /// Brings what is derived up to date.
    pub(super) fn so_far(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
        self.rounds_per_second = self.rounds as f64 / elapsed.as_secs_f64().max(1e-9);
        for row in &mut self.outcomes {
            row.share = row.count as f64 / self.rounds.max(1) as f64;
        }
    }

    /// The row of `outcome`, which is added where there is none.
    fn row<T: Shared>(&mut self, scenario: &Scenario<T>, outcome: &str) -> usize {
        if let Some(row) = self.rows.get(outcome) {
            return *row;
        }
        let full = self.outcomes.len() >= MOST_OUTCOMES + scenario.expected.len();
        if full && outcome != OTHER_OUTCOMES {
            return self.row(scenario, OTHER_OUTCOMES);
        }
        let (grade, reason) = scenario.grade(outcome);
        let (outcome, reason) = (outcome.to_owned(), reason.to_owned());
        self.rows.insert(outcome.clone(), self.outcomes.len());
        self.outcomes.push(OutcomeRow { outcome, grade, reason, count: 0, failed: 0, share: 0.0 });
        self.outcomes.len() - 1
    }
}

impl EndCounts {
    fn count(&mut self, end: &ProcessEnd) {
        *match end {
            ProcessEnd::Returned { .. } => &mut self.returned,
            ProcessEnd::Panicked { .. } => &mut self.panicked,
            ProcessEnd::Killed => &mut self.killed,
            ProcessEnd::Signalled { .. } => &mut self.signalled,
            ProcessEnd::Exited { .. } => &mut self.exited,
            ProcessEnd::TimedOut => &mut self.timed_out,
        } += 1;
    }
}

fn as_ms<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_micros() as f64 / 1e3)
}

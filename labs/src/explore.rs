//! `lab-N explore` and `lab-N replay`: a lab's scenarios under the simulator.
//!
//! Idea: each lab lists its scenarios with what is claimed of them; what is done
//! with one is the same for all labs.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use shmkv_harness::sim::{
    Coverage, Reduction, Replay, Schedule, Search, SearchReport, SimError, Simulate, Strategy,
};
use shmkv_harness::{Cell, TextTable, in_lines, thousands};

use crate::common::Common;
use crate::error::LabError;
use crate::{say, screen};

/// What a lab claims of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Some schedule fails.
    Fails,
    /// No schedule fails.
    Holds,
}

/// A scenario of a lab, small enough to be explored.
pub struct Case {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What is claimed of it without kills.
    pub claim: Claim,
    /// The scenario.
    pub scenario: Box<dyn Simulate>,
}

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// Every schedule within the bound on preemptions or delays.
    Exhaustive,
    /// At each step, each process is as likely.
    Random,
    /// Random priorities that change at a few steps.
    Pct,
    /// A random priority for each step.
    Pos,
    /// Uniform over the orders of the accesses to one variable.
    Surw,
}

/// Options of `explore`.
#[derive(Args, Clone, Debug)]
pub struct ExploreOptions {
    /// Which of the lab's scenarios [default: the first]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// How schedules are chosen
    #[arg(long, value_enum, default_value = "exhaustive")]
    strategy: StrategyName,
    /// How often the turn may be taken from a process that could go on
    #[arg(long, value_name = "N", default_value_t = 2)]
    preemptions: u32,
    /// Bound on delays (passing over the next in turn), not preemptions
    #[arg(long, value_name = "N", conflicts_with = "preemptions")]
    delays: Option<u32>,
    /// Also kill one process just before each of its steps
    #[arg(long)]
    kill: bool,
    /// Let no timed wait end, nor other time pass, while others could go on
    #[arg(long)]
    no_early_timeouts: bool,
    /// How often a process that polls may go on, twice as long each time
    #[arg(long, value_name = "N", default_value_t = 8)]
    spin_turns: u8,
    /// Run each schedule, even where it leads to a state seen before
    #[arg(long)]
    all: bool,
    /// Run no more schedules than this
    #[arg(long, value_name = "N")]
    max_schedules: Option<u64>,
    /// Take no more time than this
    #[arg(long, value_name = "SECONDS")]
    max_seconds: Option<u64>,
    /// Give an execution up after this many steps, 65536 at most
    #[arg(long, value_name = "N")]
    step_limit: Option<u32>,
    /// The seed of random strategies
    #[arg(long = "seed", id = "explore-seed", value_name = "N", default_value_t = 1)]
    explore_seed: u64,
    /// Also write all states that can be reached to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Options of `replay`.
#[derive(Args, Clone, Debug)]
pub struct ReplayOptions {
    /// The schedule, as `explore` prints it: 0*12,1*3,0
    schedule: Schedule,
    /// Which of the lab's scenarios [default: the first]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// Where results go.
#[derive(Args, Clone, Debug)]
struct Output {
    /// Print one JSON document
    #[arg(long = "json", id = "explore-json")]
    json: bool,
    /// Write the timeline to FILE as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl ExploreOptions {
    fn search(&self) -> Search {
        let seed = self.explore_seed;
        let mut search = Search::new(match self.strategy {
            StrategyName::Exhaustive => match self.delays {
                Some(delays) => Strategy::Delays { delays },
                None => Strategy::Exhaustive { preemptions: Some(self.preemptions) },
            },
            StrategyName::Random => Strategy::Random { seed },
            StrategyName::Pct => Strategy::Pct { depth: 3, seed },
            StrategyName::Pos => Strategy::Pos { seed },
            StrategyName::Surw => Strategy::Surw { seed },
        });
        search.kills = u32::from(self.kill);
        search.early_timeouts = !self.no_early_timeouts;
        search.spin_turns = self.spin_turns;
        if self.all {
            search.reduction = Reduction::None;
        }
        search.max_schedules = self.max_schedules.or(search.max_schedules);
        search.max_time = self.max_seconds.map(Duration::from_secs);
        search.step_limit = self.step_limit.unwrap_or(search.step_limit);
        search
    }
}

/// Runs `explore` on one of `cases`; fails where the lab's claim is not shown.
fn explore(lab: &str, cases: &[Case], options: &ExploreOptions) -> Result<bool, LabError> {
    let case = find(lab, cases, options.scenario.as_deref())?;
    let bar = progress_bar();
    let report = case.scenario.explore(&options.search(), &mut |run, failed| {
        bar.set_message(format!("{} schedules, {} failed", thousands(run), thousands(failed)));
        bar.set_position(run);
    })?;
    bar.finish_and_clear();
    match (&options.output.svg, &report.failure) {
        (Some(file), Some(failure)) => write_svg(file, failure)?,
        (Some(file), None) => {
            eprintln!("{lab}: no schedule failed, so {} was not written", file.display());
        }
        (None, _) => {}
    }
    if let Some(file) = &options.graph {
        write_graph(file, case)?;
    }
    if options.output.json {
        say!("{}", explored_as_json(lab, case, &report)?);
    } else {
        print_report(lab, case, &report)?;
    }
    let as_claimed = match case.claim {
        Claim::Fails => report.failed > 0,
        // With kills, there is nothing that is claimed.
        Claim::Holds => report.failed == 0 || options.kill,
    };
    Ok(as_claimed)
}

/// Runs `replay` on one of `cases`.
fn replay(lab: &str, cases: &[Case], options: &ReplayOptions) -> Result<bool, LabError> {
    let case = find(lab, cases, options.scenario.as_deref())?;
    let replay = case.scenario.replay(&options.schedule)?;
    if let Some(file) = &options.output.svg {
        write_svg(file, &replay)?;
    }
    if options.output.json {
        let mut document = json!({ "lab": lab, "scenario": case.name });
        merge(&mut document, serde_json::to_value(&replay)?);
        say!("{document:#}");
    } else {
        say!(
            "{}{}",
            screen::timeline(&replay.timeline),
            in_lines(&replay.verdict.to_string(), "  ")
        );
    }
    Ok(true)
}

/// How the labs' stories search: all schedules with at most 2 preemptions, early
/// timeouts among them.
pub fn lab_search() -> Search {
    Search::exhaustive(2).with_early_timeouts()
}

/// What a `search` of a lab's story says of a case. `None` where this machine cannot
/// simulate; then that has been said, and the story goes on without it.
///
/// # Errors
/// Any other of the simulator's.
pub fn explored(
    common: &Common,
    case: &Case,
    search: &Search,
) -> Result<Option<SearchReport>, LabError> {
    match case.scenario.explore(search, &mut |_, _| {}) {
        Ok(report) => return Ok(Some(report)),
        Err(error @ SimError::Unsupported { .. }) if common.tells() => say!("{error}"),
        Err(error @ SimError::Unsupported { .. }) => eprintln!("{error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(None)
}

/// The named case, or the first.
fn find<'a>(lab: &str, cases: &'a [Case], name: Option<&str>) -> Result<&'a Case, LabError> {
    let Some(name) = name else {
        return cases.first().ok_or_else(|| LabError::Usage(format!("{lab} has no scenarios")));
    };
    let Some(case) = cases.iter().find(|case| case.name == name) else {
        let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        let names = names.join(", ");
        return Err(LabError::Usage(format!("{lab} has no scenario {name:?}; it has {names}")));
    };
    Ok(case)
}

/// A bar that shows itself after a second, on a terminal only.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    // The template is a constant that a test reads.
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}

fn write_svg(file: &PathBuf, replay: &Replay) -> Result<(), LabError> {
    std::fs::write(file, replay.timeline.to_svg())
        .map_err(LabError::io(format!("{} could not be written", file.display())))
}

/// The most states that are worth a file.
const MOST_STATES: usize = 10_000;

fn write_graph(file: &PathBuf, case: &Case) -> Result<(), LabError> {
    let graph = case.scenario.state_graph(MOST_STATES)?;
    std::fs::write(file, serde_json::to_string(&graph)?)
        .map_err(LabError::io(format!("{} could not be written", file.display())))
}

fn explored_as_json(lab: &str, case: &Case, report: &SearchReport) -> Result<String, LabError> {
    let schedule = report.failure.as_ref().map(|failure| failure.schedule.to_string());
    let mut document = json!({ "lab": lab, "scenario": case.name, "schedule": schedule });
    merge(&mut document, serde_json::to_value(report)?);
    document["scenario"] = case.name.into();
    Ok(format!("{document:#}"))
}

/// Adds the members of `more` to `document`, where it has none of the name.
pub fn merge(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        for (key, value) in more {
            document.entry(key).or_insert(value);
        }
    }
}

/// What a search has covered, in one line.
pub fn coverage_line(coverage: &Coverage) -> String {
    format!(
        "{} states; {} pairs of conflicting accesses, {} of them in both orders",
        thousands(coverage.states),
        thousands(coverage.conflicts),
        thousands(coverage.both_orders)
    )
}

/// The report for people: what ran, what it covered, how it fails, what to type.
pub fn print_report(lab: &str, case: &Case, report: &SearchReport) -> Result<(), LabError> {
    say!("{}", in_lines(&format!("{}: {report}", case.name), "  "));
    say!("  {}", coverage_line(&report.coverage));
    if let Some(difference) = &report.nondeterminism {
        say!(
            "  one execution did not repeat: step {} was {}, then {}",
            difference.step,
            difference.was,
            difference.now
        );
    }
    let heads = [Cell::right("schedules"), Cell::right("failed"), Cell::text("outcome")];
    let mut outcomes = TextTable::new(heads);
    for row in &report.outcomes {
        outcomes.row([Cell::count(row.count), Cell::count(row.failed), Cell::text(&row.outcome)]);
    }
    say!("\n{}", screen::table(&outcomes).trim_end());
    print_failure(lab, case, report)
}

/// The shortest schedule that fails, step by step, and how to see it again.
pub fn print_failure(lab: &str, case: &Case, report: &SearchReport) -> Result<(), LabError> {
    let Some(failure) = &report.failure else { return Ok(()) };
    say!("\nThe shortest that fails:\n");
    say!(
        "{}{}\n",
        screen::timeline(&failure.timeline),
        in_lines(&failure.verdict.to_string(), "  ")
    );
    // In quotes: it may be empty, and shells take * and ! for their own.
    say!("Again: cargo run --bin {lab} replay '{}' --scenario {}", failure.schedule, case.name);
    Ok(())
}

/// What every lab can do with its scenarios.
#[derive(Subcommand, Clone, Debug)]
pub enum Simulated {
    /// Search the schedules of a scenario for one that fails
    Explore(ExploreOptions),
    /// Run one schedule, and show it step by step
    Replay(ReplayOptions),
}

/// Does it with one of `cases`.
pub fn run(lab: &str, cases: &[Case], command: &Simulated) -> Result<bool, LabError> {
    match command {
        Simulated::Explore(options) => explore(lab, cases, options),
        Simulated::Replay(options) => replay(lab, cases, options),
    }
}

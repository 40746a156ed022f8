//! The table of bugs: how many schedules each strategy runs to find the first.
//!
//! Run: cargo bench --bench bugs -- [--seeds N] [--cap N] [--budget N] [--json] [--keep] [NAME…]
//! Idea: a cell is one program under one strategy. Each is measured by a process
//! of its own, as many at a time as there are processors, since the simulator
//! keeps to one. Cells are bounded by schedules, never by time, so that all
//! numbers are the same on every machine; on two processors it takes ten minutes.
//! Limits: once a cell has spent its budget no further seed is begun, and it says
//! so; its mean is of the seeds that were run, with those that found nothing
//! counted as far as they came, which makes it a lower bound.

mod cell;
mod table;

use std::collections::VecDeque;
use std::io;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use shmkv_bugs::{Program, programs};
use shmkv_harness::colour_on;

use cell::{Column, Needed};

/// How many schedules each strategy runs to find the first failure.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    limits: cell::Limits,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Also writes the table into benches/bugs.snap, which the book shows.
    #[arg(long)]
    keep: bool,
    /// Measures one cell only, as JSON: the column, and the program's name.
    #[arg(long, hide = true, num_args = 2)]
    cell: Option<Vec<String>>,
    /// Given by cargo; changes nothing.
    #[arg(long, hide = true)]
    bench: bool,
    /// Only programs with one of these in their name.
    names: Vec<String>,
}

/// The table that the book shows.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bugs.snap");

/// How often it is looked whether a cell is done.
const LOOK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.cell {
        Some(cell) => measure_one(&cell[0], &cell[1], &options),
        None => measure_all(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bugs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_one(column: &str, program: &str, options: &Options) -> Result<(), String> {
    let column = Column::ALL.into_iter().find(|known| known.name() == column);
    let program = programs().into_iter().find(|known| known.name == program);
    let (column, program) = column.zip(program).ok_or("there is no such cell")?;
    let needed = cell::measure(&program, column, &options.limits)?;
    println!("{}", serde_json::to_string(&needed).expect("a cell is plain data"));
    Ok(())
}

fn measure_all(options: &Options) -> Result<(), String> {
    let wanted = |program: &Program| {
        options.names.is_empty() || options.names.iter().any(|name| program.name.contains(name))
    };
    let programs: Vec<Program> = programs().into_iter().filter(wanted).collect();
    let cells = programs.iter().flat_map(|program| {
        Column::ALL.map(|column| [column.name().to_owned(), program.name.to_owned()])
    });
    let needed = in_parallel(cells.collect(), options)?;
    let rows = table::rows(&programs, needed);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows).expect("rows are plain data"));
    } else {
        print!("{}", table::render(&rows, &options.limits, colour_on(&io::stdout())));
    }
    if options.keep {
        let text = table::render(&rows, &options.limits, false);
        let kept = format!("---\nsource: benches/benches/bugs/main.rs\n---\n{text}");
        std::fs::write(KEPT, kept).map_err(|error| format!("{KEPT}: {error}"))?;
    }
    Ok(())
}

/// Measures each cell in a process; returns what they say, in the cells' order.
fn in_parallel(cells: Vec<[String; 2]>, options: &Options) -> Result<Vec<Needed>, String> {
    let bar = progress_bar(cells.len() as u64);
    let mut found: Vec<Option<Needed>> = cells.iter().map(|_| None).collect();
    let mut waiting: VecDeque<usize> = (0..cells.len()).collect();
    let mut running: Vec<(usize, Child)> = Vec::new();
    let most = available_parallelism().map_or(1, usize::from);
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < most
            && let Some(next) = waiting.pop_front()
        {
            bar.set_message(format!("{} by {}", cells[next][1], cells[next][0]));
            running.push((next, start(&cells[next], options).map_err(|e| e.to_string())?));
        }
        let ended = running.iter_mut().position(|(_, child)| !matches!(child.try_wait(), Ok(None)));
        let Some(ended) = ended else {
            sleep(LOOK);
            continue;
        };
        let (index, child) = running.swap_remove(ended);
        let [column, program] = &cells[index];
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let parsed = serde_json::from_slice(&output.stdout);
        found[index] = Some(parsed.map_err(|_| format!("{program} by {column} gave no result"))?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(found.into_iter().flatten().collect())
}

fn start(cell: &[String; 2], options: &Options) -> io::Result<Child> {
    let limits = &options.limits;
    Command::new(std::env::current_exe()?)
        .arg("--cell")
        .args(cell)
        .args(["--seeds".into(), limits.seeds.to_string(), "--cap".into(), limits.cap.to_string()])
        .args(["--budget".into(), limits.budget.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
}

/// Shown on a terminal only.
fn progress_bar(cells: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed} {wide_bar} {pos}/{len} {msg}");
    let bar = ProgressBar::new(cells);
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}

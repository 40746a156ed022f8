//! The table of bugs: how many schedules each strategy runs to find the first.
//!
//! Run: cargo bench --bench bugs -- [--seeds N] [--cap N] [--seconds N] [--json] [NAME…]
//! Limits: a cell is given up after `--seconds`, and then says so; its mean is of
//! the seeds that were run, with those that found nothing counted as far as they
//! came, which makes it a lower bound.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use serde::Serialize;
use shmkv_benches::bugs::{Form, Mean, Program, Published, programs};
use shmkv_harness::sim::{Search, SimError, Strategy};
use shmkv_harness::{Cell, TextTable, colour_on, thousands};

/// How many schedules each strategy runs to find the first failure.
#[derive(Parser)]
struct Options {
    /// Seeds for each strategy that samples.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The most schedules with one seed.
    #[arg(long, default_value_t = 10_000)]
    cap: u64,
    /// The most seconds for one program and one strategy.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Given by cargo; changes nothing.
    #[arg(long, hide = true)]
    bench: bool,
    /// Only programs with one of these in their name.
    names: Vec<String>,
}

/// A strategy that samples, with what was published for it.
struct Sampled {
    name: &'static str,
    strategy: fn(u64) -> Strategy,
    published: fn(&Published) -> Mean,
}

const SAMPLED: [Sampled; 4] = [
    Sampled {
        name: "random",
        strategy: |seed| Strategy::Random { seed },
        published: |means| means.random,
    },
    Sampled {
        name: "PCT-3",
        strategy: |seed| Strategy::Pct { depth: 3, seed },
        published: |means| means.pct,
    },
    Sampled { name: "POS", strategy: |seed| Strategy::Pos { seed }, published: |means| means.pos },
    Sampled {
        name: "SURW",
        strategy: |seed| Strategy::Surw { seed },
        published: |means| means.surw,
    },
];

/// The bounds on preemptions of the exhaustive searches.
const BOUNDS: [u32; 3] = [0, 1, 2];

/// The bound on preemptions of the search in repaired forms.
const REPAIRED_BOUND: u32 = 1;

/// What one strategy needed on one program.
#[derive(Serialize)]
struct Needed {
    strategy: String,
    /// How many seeds were run.
    seeds: u64,
    /// How many of them found nothing.
    missed: u64,
    /// The mean number of schedules.
    mean: f64,
    /// Whether the time ran out.
    out_of_time: bool,
    /// Whether all schedules within the bound were run.
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Mean>,
}

#[derive(Serialize)]
struct Row {
    program: &'static str,
    processes: usize,
    needed: Vec<Needed>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wanted = |program: &Program| {
        options.names.is_empty() || options.names.iter().any(|name| program.name.contains(name))
    };
    let mut rows = Vec::new();
    for program in programs().into_iter().filter(wanted) {
        eprintln!("{} …", program.name);
        match measure(&program, &options) {
            Ok(row) => rows.push(row),
            Err(error) => {
                eprintln!("{}: {error}", program.name);
                return ExitCode::FAILURE;
            }
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows).expect("rows are plain data"));
    } else {
        print!("{}", table(&rows).render(colour_on(&io::stdout())));
        println!("{}", legend(&options));
    }
    ExitCode::SUCCESS
}

fn measure(program: &Program, options: &Options) -> Result<Row, SimError> {
    let mut needed = Vec::new();
    for column in &SAMPLED {
        needed.push(sampled(program, options, column)?);
    }
    for bound in BOUNDS {
        let strategy = Strategy::Exhaustive { preemptions: Some(bound) };
        let name = format!("all {bound}");
        needed.push(exhaustive(program, Form::Buggy, name, &search(strategy, options))?);
    }
    let strategy = Strategy::Exhaustive { preemptions: Some(REPAIRED_BOUND) };
    let search = Search { max_schedules: None, ..search(strategy, options) };
    needed.push(exhaustive(program, Form::Repaired, "repaired".into(), &search)?);
    Ok(Row { program: program.name, processes: program.processes, needed })
}

fn sampled(program: &Program, options: &Options, column: &Sampled) -> Result<Needed, SimError> {
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let (mut seeds, mut missed, mut schedules) = (0, 0, 0);
    for seed in 1..=options.seeds {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let search = search((column.strategy)(seed), options).max_time(left);
        let report = program.explore(Form::Buggy, &search)?;
        seeds += 1;
        schedules += report.schedules;
        missed += u64::from(report.failed == 0);
    }
    Ok(Needed {
        strategy: column.name.into(),
        seeds,
        missed,
        mean: schedules as f64 / seeds.max(1) as f64,
        out_of_time: Instant::now() >= end,
        complete: false,
        published: Some((column.published)(&program.published)),
    })
}

fn exhaustive(
    program: &Program,
    form: Form,
    strategy: String,
    search: &Search,
) -> Result<Needed, SimError> {
    let report = program.explore(form, search)?;
    Ok(Needed {
        strategy,
        seeds: 1,
        missed: u64::from(report.failed == 0),
        mean: report.schedules as f64,
        out_of_time: search
            .max_time
            .is_some_and(|time| report.elapsed_ms >= time.as_millis() as u64),
        complete: report.complete,
        published: None,
    })
}

fn search(strategy: Strategy, options: &Options) -> Search {
    let search = Search::new(strategy)
        .max_schedules(options.cap)
        .max_time(Duration::from_secs(options.seconds))
        .stop_at_first_failure(true);
    Search { minimise: false, ..search }
}

fn table(rows: &[Row]) -> TextTable {
    let mut heads = vec![Cell::text("program"), Cell::right("processes")];
    for column in &SAMPLED {
        heads.extend([Cell::right(column.name), Cell::text("")]);
    }
    heads.extend(BOUNDS.map(|bound| Cell::right(format!("all {bound}"))));
    heads.push(Cell::right("repaired"));
    let mut table = TextTable::new(heads);
    for row in rows {
        let mut cells = vec![Cell::text(row.program), Cell::count(row.processes as u64)];
        for needed in &row.needed {
            cells.push(Cell::right(worded(needed)));
            cells.extend(needed.published.map(|mean| Cell::text(format!("({mean})"))));
        }
        table.row(cells);
    }
    table
}

/// The mean, with what there is to say about it.
fn worded(needed: &Needed) -> String {
    let mean = if needed.mean < 10.0 && needed.seeds > 1 {
        format!("{:.1}", needed.mean)
    } else {
        thousands(needed.mean.round() as u64)
    };
    let mark = if needed.out_of_time { "*" } else { "" };
    if needed.complete && needed.missed > 0 {
        format!("none in {mean}")
    } else if needed.missed > 0 {
        format!(">{mean}{mark}")
    } else {
        format!("{mean}{mark}")
    }
}

fn legend(options: &Options) -> String {
    format!(
        "Schedules up to and with the first that fails, mean of {} seeds, at most {} each; in \
         brackets the published mean.\nall N: all schedules with at most N preemptions, those \
         with fewer first; none in N: none of them fails. repaired: all schedules with at most \
         {REPAIRED_BOUND} preemptions, once the bug is repaired.\n>: not every seed found it; those \
         that did not count as far as they came. *: {} s were over before all seeds were done.",
        options.seeds,
        thousands(options.cap),
        options.seconds
    )
}

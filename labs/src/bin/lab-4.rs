//! Lab 4: the full store, as a user would use it.
//! Chapter: book/src/lab-4.md. Run: cargo run --bin lab-4

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use clap::{Parser, Subcommand};
use serde_json::json;
use shmkv::{KeyValue, SegmentName, Store};
use shmkv_harness::{colour_on, stress};
use shmkv_labs::cli::{Common, LabError, conclude, finish};
use shmkv_labs::consumer::ConsumerOptions;
use shmkv_labs::explore::Simulated;
use shmkv_labs::producer::ProducerOptions;
use shmkv_labs::store_commands::StoreCommand;
use shmkv_labs::story::searches;
use shmkv_labs::{consumer, explore, lab_4, producer, say, store_commands};

fn main() -> ExitCode {
    let options = Options::parse();
    finish("lab-4", run(&options))
}

/// Tells the story of the store: a producer and a consumer, stress, simulation.
fn tell(common: &Common) -> Result<bool, LabError> {
    if common.tells() {
        say!("A producer sets pairs in shared memory; a consumer, another process, sees each.\n");
        two_programs()?;
    }

    let processes = common.processes_or(3);
    let report = stress(&lab_4::busy(processes), &common.stress(2_000))?;
    if common.tells() {
        say!("\n{processes} processes set, get and delete the same five keys, at full speed:\n");
        say!("{}", report.render(colour_on(&std::io::stdout())));
        say!("Stress saw nothing; that is no proof. So: every schedule, step by step.\n");
    }

    let (as_claimed, searches) = searches(common, &lab_4::cases())?;
    let held = report.held() && as_claimed;
    let conclusion = if held { "The store held in all of them." } else { "The store failed." };
    let rest = json!({ "stress": report, "searches": searches });
    conclude(common, "lab-4", held, conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:");
        say!("  cargo run --bin lab-4 producer        and, in another terminal,");
        say!("  cargo run --bin lab-4 consumer");
        say!("  cargo run --bin lab-4 explore --scenario set-get --kill");
    }
    Ok(held)
}

/// This program's own producer and consumer, on a store of their own.
fn two_programs() -> Result<(), LabError> {
    let name = format!("/lab-4-{}", std::process::id());
    let segment = SegmentName::new(&name).map_err(|error| LabError::Usage(error.to_string()))?;
    let store = Store::create(&segment)?;
    let result = watch(&name, &store);
    store.segment().unlink_this()?;
    result
}

fn watch(name: &str, store: &Store) -> Result<(), LabError> {
    let program = std::env::current_exe().map_err(LabError::io("this program was not found"))?;
    let mut consumer = Watched(
        Command::new(program)
            .args(["consumer", "--name", name])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(LabError::io("the consumer could not be started"))?,
    );
    let Some(output) = consumer.0.stdout.take() else { return Ok(()) };
    let mut lines = BufReader::new(output).lines();
    let mut line = || lines.next().transpose().map_err(LabError::io("the consumer is silent"));
    let opened = line()?.unwrap_or_default();
    say!("  consumer: {opened}");
    for (key, value) in producer::PAIRS {
        store.set(key, value)?;
        say!("  producer: set {key} = {value}");
        let seen = line()?.unwrap_or_default();
        say!("  consumer: {seen}");
    }
    Ok(())
}

/// A child that does not outlive its owner.
struct Watched(Child);

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The full store: two programs that share pairs, stress, and every schedule.
#[derive(Parser)]
#[command(
    name = "lab-4",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  lab-4                                 the story\n  \
                  lab-4 producer --name /mine           create a store, fill it, wait\n  \
                  lab-4 consumer --name /mine --wait 10 show it, and each change\n  \
                  lab-4 set --name /mine city=Paris     one operation\n  \
                  lab-4 explore --scenario set-get      all schedules with 2 preemptions"
)]
struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Create the store, set eight pairs, wait for Ctrl-C, remove it
    Producer(ProducerOptions),
    /// Show the store and each change of it
    Consumer(ConsumerOptions),
    #[command(flatten)]
    Store(StoreCommand),
    #[command(flatten)]
    Simulated(Simulated),
}

fn run(options: &Options) -> Result<bool, LabError> {
    match &options.action {
        None => tell(&options.common),
        Some(Action::Producer(options)) => producer::run(options),
        Some(Action::Consumer(options)) => consumer::run(options),
        Some(Action::Store(command)) => store_commands::run(command),
        Some(Action::Simulated(command)) => explore::run("lab-4", &lab_4::cases(), command),
    }
}

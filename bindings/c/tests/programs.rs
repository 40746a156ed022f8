//! C programs compiled against the header and the library, and run.
//!
//! Idea: the programs in `tests/c` check the functions from where their users
//! are. Each is compiled as C programs of this kind are, with warnings as
//! errors, and run three times: with the sanitizers, with the shared library
//! as it is, and with the static one.
//! Limits: the library itself is not instrumented; the sanitizers see what it
//! does to the program's memory through interceptors and the heap only.

mod support;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use libtest_mimic::Trial;
use shmkv::{DEFAULT_NAME, KeyValue, SegmentError, SegmentName, Store, StoreError};
use support::children::{Talking, output_of, run};
use support::compiler::{Compiler, Link};
use support::trials::{trial, with};
use support::{Outcome, functions, library_directory, scratch};

const PROGRAMS: [&str; 11] = [
    "contract.c",
    "kills.c",
    "late_include.c",
    "lock.c",
    "names.c",
    "null.c",
    "own_memory.c",
    "readme.c",
    "refusals.c",
    "threads.c",
    "versions.c",
];

fn main() -> ExitCode {
    support::trials::run(|| {
        let c = Compiler::c();
        let sanitizing = c.clone().and_then(Compiler::with_sanitizers);
        let cplusplus = Compiler::cplusplus();
        [
            with(&c, "c_programs", |cc| programs(cc, "shared", Link::Shared)),
            with(&c, "c_programs", |cc| programs(cc, "static", Link::Static)),
            with(&sanitizing, "sanitizers", |cc| programs(cc, "sanitizers", Link::Shared)),
            with(&cplusplus, "cplusplus", |cxx| {
                vec![program(cxx, "cplusplus.cc", "shared", Link::Shared)]
            }),
            with(&c, "producer_and_consumer", |cc| vec![both(cc, "shared", Link::Shared)]),
            with(&sanitizing, "sanitizers", |cc| vec![both(cc, "sanitizers", Link::Shared)]),
            with(&c, "exports", |_| {
                vec![trial("library_exports_what_the_header_declares", exports)]
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    })
}

fn programs(compiler: &Compiler, how: &str, link: Link) -> Vec<Trial> {
    PROGRAMS.iter().map(|file| program(compiler, file, how, link)).collect()
}

/// A program that checks for itself, and succeeds.
fn program(compiler: &Compiler, file: &'static str, how: &str, link: Link) -> Trial {
    let compiler = compiler.clone();
    trial(format!("{how}::{file}"), move || {
        let scratch = scratch();
        let program = compiler.compile(file, link, scratch.path())?;
        output_of(&mut Command::new(program)).map(drop)
    })
}

fn both(compiler: &Compiler, how: &str, link: Link) -> Trial {
    let compiler = compiler.clone();
    trial(format!("{how}::producer_and_consumer"), move || producer_and_consumer(&compiler, link))
}

/// Schedule: a consumer finds nothing; a producer fills the store; a consumer
/// reads it; this process changes it; the consumer sees that; both are
/// interrupted.
fn producer_and_consumer(compiler: &Compiler, link: Link) -> Outcome {
    let name = SegmentName::new(DEFAULT_NAME).map_err(|error| error.to_string())?;
    let scratch = scratch();
    let producer = compiler.compile("producer.c", link, scratch.path())?;
    let consumer = compiler.compile("consumer.c", link, scratch.path())?;

    let (status, printed) = run(&mut Command::new(&consumer))?;
    let refused = printed.contains("is the producer running?") && !status.success();
    expect(refused, || format!("without a store: {status}, {printed:?}"))?;

    let mut producer = Talking::start(&mut Command::new(producer))?;
    let lines = producer.lines_to("waiting")?;
    expect(lines[0] == "version: 8, entries: 8", || format!("the producer printed {lines:?}"))?;
    let mut consumer = Talking::start(&mut Command::new(consumer))?;
    let lines = consumer.lines_to("end of version 8")?;
    let wanted = ["username=john_doe", "city=New York", "role=admin"];
    let all = wanted.iter().all(|line| lines.iter().any(|found| found == line));
    expect(all && lines.len() == 9, || format!("the consumer printed {lines:?}"))?;

    let store = Store::open(&name).map_err(|error| error.to_string())?;
    store.set("city", "Oslo").map_err(|error| error.to_string())?;
    let lines = consumer.lines_to("end of version 9")?;
    expect(lines.iter().any(|line| line == "city=Oslo"), || format!("it printed {lines:?}"))?;

    let status = consumer.interrupt()?;
    expect(status.success(), || format!("the consumer ended with {status}"))?;
    expect(Store::open(&name).is_ok(), || "the consumer has unlinked the store".into())?;
    let status = producer.interrupt()?;
    expect(status.success(), || format!("the producer ended with {status}"))?;
    let gone =
        matches!(Store::open(&name), Err(StoreError::Segment(SegmentError::NotFound { .. })));
    expect(gone, || "the producer has not unlinked the store".into())
}

/// The shared library's symbols are the functions that the header declares.
fn exports() -> Outcome {
    let library = library_directory()?.join("libshared_memory_kv.so");
    let listed = output_of(Command::new("nm").args(["-D", "--defined-only"]).arg(library))?;
    let exported = listed.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned);

    let (exported, declared) = (exported.collect::<BTreeSet<_>>(), functions()?);
    expect(exported == declared && declared.len() == 25, || {
        format!("exported: {exported:?}; declared: {declared:?}")
    })
}

fn expect(holds: bool, why: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(why()) }
}

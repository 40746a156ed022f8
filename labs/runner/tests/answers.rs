//! The grader is graded: every starter fails as the catalogue says, every
//! solution and every other right answer passes, and every wrong answer gets the
//! verdict that its first line states. The table of them all is printed at the end.
//!
//! All answers to one exercise are built into one checker, each as a crate of
//! its own, exactly as a learner's file is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use shmkv_grader::Failure;
use shmkv_grader::catalogue::{ALL, Exercise, Kind};
use shmkv_labs_runner::compile::{self, Checker, CompileError, Libraries};
use shmkv_labs_runner::grade::{self, Effort, Graded};
use shmkv_labs_runner::places::Places;

/// How many seeds a solution must pass with.
const SEEDS: u64 = 50;

/// A wrong answer more is better than one fewer.
const WRONG_AT_LEAST: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Two: each grades one answer at a time, and a machine has two processors.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let places = Places::here();
    let libraries = match Libraries::build(&places) {
        Ok(libraries) => Arc::new(libraries),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let table = Arc::new(Mutex::new(Vec::new()));
    let trials = ALL.iter().map(|exercise| {
        let (libraries, places) = (libraries.clone(), places.clone());
        let table = table.clone();
        Trial::test(exercise.id.replace('-', "_"), move || {
            let rows = Rows { exercise, table: &table };
            all_answers(&libraries, &places, &rows)
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    print_table(&table.lock().expect("the table"));
    conclusion.exit_code()
}

/// One line of the table.
struct Row {
    exercise: &'static Exercise,
    answer: String,
    expected: String,
    found: String,
    took: Duration,
}

struct Rows<'a> {
    exercise: &'static Exercise,
    table: &'a Mutex<Vec<Row>>,
}

impl Rows<'_> {
    /// Adds a line, and fails where what was found is not what was expected.
    fn add(
        &self,
        answer: &str,
        expected: Option<Failure>,
        found: Option<Failure>,
        took: Duration,
    ) -> bool {
        let words = |failure: Option<Failure>| failure.map_or("passed".into(), |f| f.to_string());
        let row = Row {
            exercise: self.exercise,
            answer: answer.to_owned(),
            expected: words(expected),
            found: words(found),
            took,
        };
        self.table.lock().expect("the table").push(row);
        expected == found
    }
}

/// An answer with the verdict that it must get; `None` where it must pass.
struct Case {
    name: String,
    file: PathBuf,
    verdict: Option<Failure>,
}

fn cases(places: &Places, exercise: &'static Exercise) -> Result<Vec<Case>, Failed> {
    let case = |name: &str, file, verdict| Case { name: name.into(), file, verdict };
    let mut cases = vec![
        case("(starter)", places.starter(exercise), Some(exercise.starts_as)),
        case("(solution)", places.solution(exercise), None),
    ];
    let name_of = |file: &Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if places.right(exercise).exists() {
        for file in files_in(&places.right(exercise))? {
            cases.push(Case { name: format!("({})", name_of(&file)), file, verdict: None });
        }
    }
    let folder = places.wrong(exercise);
    let files = files_in(&folder)?;
    if files.len() < WRONG_AT_LEAST {
        return Err(format!("only {} wrong answers in {}", files.len(), folder.display()).into());
    }
    for file in files {
        let verdict = stated_verdict(&file)?;
        cases.push(Case { name: name_of(&file), file, verdict: Some(verdict) });
    }
    Ok(cases)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// The verdict in the first line of a wrong answer.
fn stated_verdict(file: &Path) -> Result<Failure, Failed> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let first = text.lines().next().unwrap_or_default();
    let stated = first.strip_prefix("//! Verdict: ").unwrap_or(first);
    stated.parse().map_err(|error| format!("{}: {error}", file.display()).into())
}

fn all_answers(libraries: &Libraries, places: &Places, rows: &Rows<'_>) -> Result<(), Failed> {
    let cases = cases(places, rows.exercise)?;
    let uncompiled = |case: &&Case| case.verdict == Some(Failure::DoesNotCompile);
    let mut wrong = Vec::new();
    for case in cases.iter().filter(uncompiled) {
        let started = Instant::now();
        let answer = [(case.name.as_str(), case.file.as_path())];
        let found = match compile::checker(libraries, rows.exercise, &answer) {
            Ok(_) => None,
            Err(error @ (CompileError::Libraries { .. } | CompileError::Io { .. })) => {
                return Err(error.into());
            }
            Err(_) => Some(Failure::DoesNotCompile),
        };
        if !rows.add(&case.name, case.verdict, found, started.elapsed()) {
            wrong.push(format!("{} compiles", case.name));
        }
    }
    let compiled: Vec<&Case> = cases.iter().filter(|case| !uncompiled(case)).collect();
    let answers: Vec<_> =
        compiled.iter().map(|case| (case.name.as_str(), case.file.as_path())).collect();
    let checker = compile::checker(libraries, rows.exercise, &answers)?;
    for case in &compiled {
        let graded = grade::check(&checker.program(), &case.name, 1, Effort::default())?;
        if !rows.add(&case.name, case.verdict, graded.failure(), graded.took) {
            wrong.push(format!("{}: {}", case.name, describe(&graded)));
        }
    }
    if rows.exercise.kind == Kind::Write {
        wrong.extend(other_seeds(&checker)?);
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// The solution passes with other hidden inputs, too; only functions have any.
/// Schedules are bounded: for the first seed all of them were run.
fn other_seeds(checker: &Checker) -> Result<Option<String>, Failed> {
    let effort =
        Effort { stress: Duration::from_millis(10), schedules: Some(3), ..Effort::default() };
    for seed in 2..=SEEDS {
        let graded = grade::check(&checker.program(), "(solution)", seed, effort)?;
        if !graded.passed() {
            return Ok(Some(format!("(solution), seed {seed}: {}", describe(&graded))));
        }
    }
    Ok(None)
}

fn describe(graded: &Graded) -> String {
    let Some(failed) = &graded.report.failed else { return "passed".into() };
    let mut text = format!("{}. {}\n", failed.failure, failed.sentence);
    if let Some(execution) = &failed.execution {
        text += &format!("{}\n{}", execution.schedule, execution.timeline);
    }
    text + &graded.printed
}

fn print_table(rows: &[Row]) {
    println!("{:<18} {:<26} {:<18} {:<18} {:>6}", "exercise", "answer", "must get", "got", "ms");
    for exercise in ALL {
        for row in rows.iter().filter(|row| row.exercise == exercise) {
            let mark = if row.expected == row.found { "" } else { "  <- not as stated" };
            println!(
                "{:<18} {:<26} {:<18} {:<18} {:>6}{mark}",
                exercise.id,
                row.answer,
                row.expected,
                row.found,
                row.took.as_millis(),
            );
        }
    }
}

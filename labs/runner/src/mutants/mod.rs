//! `mutants`: how much of what can be wrong with an answer the grader sees.
//!
//! Idea: a mutant is a solution with one change. Each goes through the same check as a
//! learner's file. One that passes is either as right as the solution, and is listed
//! with the reason, or it shows a hole in the grader. The score is the share of those
//! rejected among all that compile and are not listed.
//! Source: DeMillo, Lipton and Sayward, "Hints on Test Data Selection", IEEE Computer
//! 11, 1978.
//! Limits: the simulator runs programs in program order, so it cannot show what a
//! weaker memory ordering does. Those mutants are counted, and not checked.

mod expressions;
mod listed;
mod make;
mod report;
mod statements;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use shmkv_grader::Failure;
use shmkv_grader::catalogue::{ALL, Exercise, Kind};

use crate::app::{App, CommandError, Outcome};
use crate::compile::{self, Libraries};
use crate::grade::{self, Effort, GradeError};
use crate::places::Places;
use listed::Listed;

pub use make::{Mutant, ORDERING, mutants};
pub use report::{summary, survivors};

/// What is asked for.
#[derive(Debug, Default)]
pub struct Order {
    /// Whose mutants; all where it is empty.
    pub exercises: Vec<String>,
    /// How many of each, evenly chosen; `None` for all.
    pub sample: Option<usize>,
    /// The seed of the hidden inputs.
    pub seed: u64,
    /// As JSON, for programs.
    pub json: bool,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The compiler refused it.
    NotCompiled,
    /// It was not checked: no execution in program order shows it.
    NotObservable,
    /// The grader rejected it.
    Rejected(Failure),
    /// The grader let it pass.
    Passed,
    /// The machine was in the way.
    Unchecked(String),
}

/// A mutant, checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The mutant.
    pub mutant: Mutant,
    /// What became of it.
    pub fate: Fate,
    /// Why it is equivalent, where it is listed.
    pub equivalent: Option<String>,
    /// How long its check took.
    pub took: Duration,
}

impl Checked {
    /// Whether it passed, and should not have.
    pub fn survived(&self) -> bool {
        self.fate == Fate::Passed && self.equivalent.is_none()
    }
}

/// The mutants of one exercise, checked.
#[derive(Debug)]
pub struct Tally {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// The solution that they were made from.
    pub solution: String,
    /// The mutants.
    pub checked: Vec<Checked>,
    /// What is wrong with the list of equivalent ones, a sentence each.
    pub mistakes: Vec<String>,
    /// How long it took, compiling included.
    pub took: Duration,
}

impl Tally {
    fn count(&self, which: impl Fn(&Checked) -> bool) -> usize {
        self.checked.iter().filter(|checked| which(checked)).count()
    }

    /// How many did not compile.
    pub fn not_compiled(&self) -> usize {
        self.count(|checked| checked.fate == Fate::NotCompiled)
    }

    /// How many have a weaker ordering.
    pub fn orderings(&self) -> usize {
        self.count(|checked| checked.fate == Fate::NotObservable)
    }

    /// How many were rejected.
    pub fn rejected(&self) -> usize {
        self.count(|checked| matches!(checked.fate, Fate::Rejected(_)))
    }

    /// How many passed and are listed.
    pub fn equivalent(&self) -> usize {
        self.count(|checked| checked.fate == Fate::Passed && checked.equivalent.is_some())
    }

    /// How many passed and are not listed.
    pub fn survived(&self) -> usize {
        self.count(Checked::survived)
    }

    /// The share of those rejected among those that should be, in percent.
    pub fn score(&self) -> f64 {
        match self.rejected() + self.survived() {
            0 => 100.0,
            all => 100.0 * self.rejected() as f64 / all as f64,
        }
    }

    /// Whether each mutant is rejected or listed, and the list is as it should be.
    pub fn is_clean(&self) -> bool {
        self.survived() == 0 && self.mistakes.is_empty()
    }

    /// Why some could not be checked.
    pub fn unchecked(&self) -> Option<&str> {
        self.checked.iter().find_map(|checked| match &checked.fate {
            Fate::Unchecked(why) => Some(why.as_str()),
            _ => None,
        })
    }
}

/// Makes and checks mutants. Whether each was rejected, or is listed as equivalent.
///
/// # Errors
/// See [`CommandError`].
pub fn run(app: &mut App<'_>, order: &Order) -> Outcome<bool> {
    let exercises = chosen(app, &order.exercises)?;
    let libraries = app.libraries()?;
    let places = app.places.clone();
    if !order.json {
        app.screen.line(report::HEAD)?;
    }
    let mut tallies = Vec::new();
    for exercise in exercises {
        let tally = check(&libraries, &places, exercise, order.sample, order.seed)?;
        if !order.json {
            app.screen.line(&report::row(&tally))?;
            app.screen.flush()?;
        }
        tallies.push(tally);
    }
    if order.json {
        app.screen.line(&report::json(&places, &tallies))?;
    } else {
        report::tell(&mut app.screen, &places, &tallies)?;
    }
    match tallies.iter().find_map(Tally::unchecked) {
        Some(why) => Err(GradeError::Impossible { why: why.to_owned() }.into()),
        None => Ok(tallies.iter().all(Tally::is_clean)),
    }
}

/// The exercises with these names; without any, all in which functions are written.
fn chosen(app: &App<'_>, ids: &[String]) -> Outcome<Vec<&'static Exercise>> {
    if ids.is_empty() {
        return Ok(ALL.iter().filter(|exercise| exercise.kind == Kind::Write).collect());
    }
    let chosen = ids.iter().map(|id| match app.exercise(Some(id))? {
        exercise if exercise.kind == Kind::Write => Ok(exercise),
        other => Err(CommandError::Usage(format!(
            "{id} is an exercise of the kind {:?}: there is no function to make mutants of",
            other.kind.to_string()
        ))),
    });
    chosen.collect()
}

/// Makes the mutants of one exercise, or `sample` of them, and checks them with hidden
/// inputs from `seed`.
///
/// # Errors
/// [`CommandError::Grade`], [`CommandError::File`].
pub fn check(
    libraries: &Libraries,
    places: &Places,
    exercise: &'static Exercise,
    sample: Option<usize>,
    seed: u64,
) -> Outcome<Tally> {
    let started = Instant::now();
    let file = places.solution(exercise);
    let reading =
        |source| CommandError::File { what: format!("reading {}", file.display()), source };
    let solution = fs::read_to_string(&file).map_err(reading)?;
    let impossible = |why| CommandError::Grade(GradeError::Impossible { why });
    let made = mutants(&solution)
        .map_err(|error| impossible(format!("{} is no Rust: {error}", file.display())))?;
    let listed = Listed::read(&places.equivalent(exercise)).map_err(impossible)?;
    let mut mistakes = listed.unknown(made.iter().map(|mutant| mutant.id.as_str()));
    let chosen = evenly(made, sample);
    let answers: Vec<(&str, &str)> =
        chosen.iter().map(|mutant| (mutant.id.as_str(), mutant.text.as_str())).collect();
    let batch = compile::batch(libraries, exercise, &answers)?;
    let program = batch.checker.program();
    let checked = in_parallel(chosen.len(), |number| {
        let (mutant, started) = (&chosen[number], Instant::now());
        let fate = match mutant.operator {
            _ if batch.refused.contains(&number) => Fate::NotCompiled,
            ORDERING => Fate::NotObservable,
            _ => fate(&program, &mutant.id, seed),
        };
        let equivalent = listed.reason(&mutant.id).map(str::to_owned);
        Checked { mutant: mutant.clone(), fate, equivalent, took: started.elapsed() }
    });
    mistakes.extend(
        checked
            .iter()
            .filter(|checked| listed.names(&checked.mutant.id))
            .filter_map(wrongly_listed),
    );
    Ok(Tally { exercise, solution, checked, mistakes, took: started.elapsed() })
}

fn wrongly_listed(checked: &Checked) -> Option<String> {
    let found = match &checked.fate {
        Fate::NotCompiled => "does not compile".to_owned(),
        Fate::NotObservable => "has a weaker ordering, and is not checked".to_owned(),
        Fate::Rejected(failure) => format!("is rejected ({failure})"),
        Fate::Passed | Fate::Unchecked(_) => return None,
    };
    Some(format!("{:?} is listed as equivalent, and {found}", checked.mutant.id))
}

fn fate(program: &std::path::Path, id: &str, seed: u64) -> Fate {
    match grade::check(program, id, seed, Effort::default()) {
        Ok(graded) => graded.failure().map_or(Fate::Passed, Fate::Rejected),
        Err(error) => Fate::Unchecked(error.to_string()),
    }
}

/// `count` of these, as far from one another as can be; the same each time.
fn evenly(all: Vec<Mutant>, count: Option<usize>) -> Vec<Mutant> {
    let total = all.len();
    let Some(count) = count.filter(|count| *count < total) else { return all };
    let is_chosen = |place: usize| (place * count) % total < count;
    all.into_iter().enumerate().filter(|(place, _)| is_chosen(*place)).map(|(_, m)| m).collect()
}

/// Does it for all numbers below `count`, as many at a time as there are processors.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= count {
                    return done;
                }
                done.push((number, work(number)));
            }
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no check panics")).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Places {
    /// The file that lists the mutants that are as right as the solution.
    pub fn equivalent(&self, exercise: &Exercise) -> PathBuf {
        let solution = self.solution(exercise);
        let exercises = solution.ancestors().nth(3).unwrap_or(&self.root);
        exercises.join("equivalent").join(exercise.file()).with_extension("toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_size_that_is_asked_for_and_reaches_to_the_end() {
        let mutant = |line| Mutant { id: String::new(), operator: "", line, text: String::new() };
        let lines = |count| -> Vec<usize> {
            let all = (0..10).map(mutant).collect();
            evenly(all, count).into_iter().map(|mutant| mutant.line).collect()
        };
        assert_eq!(lines(Some(3)), [0, 4, 7]);
        assert_eq!(lines(Some(10)).len(), 10);
        assert_eq!(lines(Some(99)).len(), 10);
        assert_eq!(lines(None).len(), 10);
    }

    #[test]
    fn work_is_done_once_for_each_number() {
        assert_eq!(in_parallel(50, |number| number), (0..50).collect::<Vec<_>>());
    }
}

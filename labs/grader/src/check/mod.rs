//! The checker: a program of its own that grades one answer.
//!
//! Idea: a learner's code never runs in the checker itself, only in processes
//! that the harness forks from it and that [`confine`] has shut off; so whatever
//! that code does, the checker is there to tell. It is asked and answers through a
//! socket that those processes have given up before they reach the learner's code.
//! Limits: what the checker uses up, and a process that never ends, are the
//! runner's to limit.

mod confine;
mod judge;
mod message;
mod outcomes;
mod schedules;
mod trials;
mod words;

use std::io::{self, Read};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

pub use message::{AtTrial, Execution, Failed, Reply, Report, Request, Task};

pub(crate) use confine::{confine, limit_time};

use trials::Limits;

use crate::{Answer, Work};

/// Exit statuses: asked for what is not there; could not answer.
const USAGE: u8 = 2;
const LOST: u8 = 3;

/// The main function of a checker: does what the request on standard input says
/// with one of the `answers`.
pub fn run(answers: &[(&str, &dyn Answer)]) -> ExitCode {
    let request = match read_request() {
        Ok(request) => request,
        Err(sentence) => {
            eprintln!("a checker is started by the runner, which asks it: {sentence}");
            return ExitCode::from(USAGE);
        }
    };
    let named = answers.iter().find(|(name, _)| *name == request.variant);
    let reply = match (named, confine::enter()) {
        (None, _) => impossible(format!("no answer called {} was built", request.variant)),
        (_, Err(why)) => impossible(why),
        (Some((_, answer)), Ok(())) => match perform(answer.work(request.seed), &request) {
            Ok(reply) => reply,
            Err(why) => impossible(why),
        },
    };
    match write_reply(&reply) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(LOST),
    }
}

fn impossible(why: String) -> Reply {
    Reply::Impossible { why }
}

fn perform(work: Work, request: &Request) -> Result<Reply, String> {
    match (work, &request.task) {
        (work, Task::Replay { trial, schedule }) => {
            confine::for_simulation();
            replay(work, *trial, schedule).map(Reply::Replayed)
        }
        (Work::Write(trials), Task::Check { stress_ms, rounds, schedules }) => {
            let limits = Limits {
                seed: request.seed,
                stress: Duration::from_millis(*stress_ms),
                rounds: *rounds,
                schedules: *schedules,
            };
            trials::check(&trials, &limits).map(Reply::Graded)
        }
        (Work::Break(answer), Task::Check { .. }) => {
            confine::for_simulation();
            schedules::check(&answer).map(Reply::Graded)
        }
        (Work::Predict(answer), Task::Check { .. }) => {
            confine::for_simulation();
            outcomes::check(&answer).map(Reply::Graded)
        }
    }
}

/// Runs `schedule` in trial `number` of what an answer is put to.
fn replay(work: Work, number: usize, schedule: &str) -> Result<Execution, String> {
    let schedule = schedule.parse().map_err(|error| format!("{error}"))?;
    let scenarios: Vec<_> = match work {
        Work::Write(trials) => trials.into_iter().map(|trial| trial.scenario).collect(),
        Work::Break(answer) => vec![answer.trial.scenario],
        Work::Predict(answer) => vec![answer.program(&[])],
    };
    let most = scenarios.len();
    let scenario = number.checked_sub(1).and_then(|index| scenarios.get(index));
    let scenario =
        scenario.ok_or_else(|| format!("there is no trial {number}; the last is {most}"))?;
    let replay = scenario.replay(&schedule).map_err(|error| error.to_string())?;
    Ok(judge::execution(scenario.name(), number, &replay))
}

/// One line, byte by byte: nothing that belongs to somebody else is read.
fn read_request() -> Result<Request, String> {
    let mut line = Vec::new();
    for byte in io::stdin().lock().bytes() {
        match byte.map_err(|error| error.to_string())? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    serde_json::from_slice(&line).map_err(|error| error.to_string())
}

/// Says that trial number `trial` comes next.
fn tell_trial(trial: usize, of: usize) {
    // Whoever asked and does not listen is gone, and the answer tells that as well.
    let _ = write_reply(&AtTrial { trial, of });
}

/// To standard input: a socket, so it goes both ways.
fn write_reply(reply: &impl Serialize) -> Result<(), nix::Error> {
    let mut line = serde_json::to_vec(reply).unwrap_or_default();
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        rest = &rest[nix::unistd::write(io::stdin(), rest)?..];
    }
    Ok(())
}

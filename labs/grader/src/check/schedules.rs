//! Grades a schedule that is to make given code fail, or the claim that there is none.

use shmkv_harness::Verdict;
use shmkv_harness::sim::{Replay, Schedule, SimError};

use super::message::{Failed, Report};
use super::{judge, words};
use crate::{Break, Failure};

/// The claim that no schedule does it.
const NONE: &str = "NONE";

/// Grades an answer.
///
/// # Errors
/// A sentence: it cannot be graded here.
pub(super) fn check(answer: &Break) -> Result<Report, String> {
    match answer.schedule.trim() {
        "" => Ok(report(Some(not_attempted()), Vec::new())),
        text if text.eq_ignore_ascii_case(NONE) => check_claim(answer),
        text => match text.parse::<Schedule>() {
            Ok(schedule) => match too_many_kills(answer, &schedule) {
                Some(sentence) => Ok(report(Some(wrong(sentence)), Vec::new())),
                None => check_schedule(answer, &schedule),
            },
            Err(error) => {
                let sentence = format!("{error}; or {NONE}, where there is no such schedule.");
                Ok(report(Some(wrong(sentence)), Vec::new()))
            }
        },
    }
}

fn not_attempted() -> Failed {
    let sentence = "The schedule is still empty.".into();
    Failed { failure: Failure::NotAttempted, sentence, execution: None }
}

fn wrong(sentence: String) -> Failed {
    Failed { failure: Failure::WrongResult, sentence, execution: None }
}

fn report(failed: Option<Failed>, evidence: Vec<String>) -> Report {
    Report { failed, evidence }
}

/// A kill makes code fail that is right without it, so it counts where the exercise
/// says that a process is killed, and once.
fn too_many_kills(answer: &Break, schedule: &Schedule) -> Option<String> {
    let kills = schedule.choices().iter().filter(|choice| choice.kill).count();
    match (answer.trial.terms.kills, kills) {
        (_, 0) | (true, 1) => None,
        (false, _) => {
            Some("The schedule kills a process (!). In this exercise nobody is killed.".into())
        }
        (true, more) => {
            Some(format!("The schedule kills {more} times (!). In this exercise one kill is made."))
        }
    }
}

fn check_schedule(answer: &Break, schedule: &Schedule) -> Result<Report, String> {
    let replay = match answer.trial.scenario.replay(schedule) {
        Ok(replay) => replay,
        Err(error @ SimError::CannotFollow { .. }) => {
            return Ok(report(Some(wrong(format!("{error}."))), Vec::new()));
        }
        Err(error) => return Err(error.to_string()),
    };
    if !answer.verdict.is(&replay.verdict) {
        return Ok(report(Some(misses(answer, &replay)), Vec::new()));
    }
    let evidence = format!("Your schedule was run. {}", judge::sentence(&answer.trial, &replay));
    Ok(report(None, vec![evidence]))
}

/// The schedule does something else.
fn misses(answer: &Break, replay: &Replay) -> Failed {
    let found = match &replay.verdict {
        Verdict::Held => "After yours, all is as it should be.".to_owned(),
        _ => format!("Yours does something else. {}", judge::sentence(&answer.trial, replay)),
    };
    let sentence = format!("Wanted: a schedule after which {}. {found}", answer.wanted);
    let execution = Some(judge::execution(answer.trial.name(), 1, replay));
    Failed { failure: Failure::WrongResult, sentence, execution }
}

/// All schedules are run, so that the claim is either right or refuted.
fn check_claim(answer: &Break) -> Result<Report, String> {
    let search = answer.trial.search().stop_at_first_failure(false);
    let explored = answer.trial.scenario.explore(&search, &mut |_, _| {});
    let explored = explored.map_err(|error| error.to_string())?;
    if !explored.complete {
        return Err(format!("the claim can be neither proved nor refuted: {explored}"));
    }
    let failed = (explored.failed > 0)
        .then(|| wrong(format!("There is a schedule after which {}.", answer.wanted)));
    let evidence = format!(
        "Tried: all {}{}. {}",
        words::orders(&explored),
        words::within(&explored),
        words::MEMORY_MODEL
    );
    Ok(report(failed, vec![evidence]))
}

//! Draws an execution as rows.
//!
//! Idea: steps that copy or compare neighbouring bytes from one line of code are one row,
//! so are the steps of a semaphore that belong together (`semaphores.rs`), and so are
//! rounds of a loop that saw the same (`fold.rs`).

use std::time::Duration;

use super::limits::MAX_FRAMES;
use super::names::Names;
use super::order::Execution;
use super::record::{Op, Step};
use super::symbols::{self, Place};
use super::timeline::{Part, Parts, Row, Timeline};
use super::{fold, semaphores};
use crate::{Scenario, Shared};

/// The timeline of an execution whose call stacks were kept.
pub fn draw<T: Shared>(scenario: &Scenario<T>, execution: &Execution) -> Timeline {
    let names = Names::of::<T>();
    let processes: Vec<String> =
        (0..execution.ends.len()).map(|i| scenario.process_name(i)).collect();
    let no_frames = [0; MAX_FRAMES];
    let mut parts = Vec::new();
    for (i, step) in execution.steps.iter().enumerate() {
        let frames = execution.frames.get(i).unwrap_or(&no_frames);
        let part = Part { first: i, count: 1, step, size: step.what.size.into() };
        parts.push((part, symbols::own_place(frames)));
    }
    let parts = join_neighbours(parts, &names);
    let rows = parts.iter().map(|(part, place)| {
        let steps = &execution.steps[part.first..part.first + part.count];
        row(part, place.clone(), steps, &names, &processes)
    });
    let rows = fold::fold(semaphores::fold(rows.collect(), &parts, &names));
    let (outcome, verdict) = (execution.outcome.clone(), execution.verdict.clone());
    Timeline { processes, rows, outcome, verdict }
}

/// Joins steps of one process on neighbouring bytes of one field, made by one
/// line with nothing in between.
fn join_neighbours<'a>(parts: Parts<'a>, names: &Names) -> Parts<'a> {
    let mut joined: Parts<'a> = Vec::new();
    for (part, place) in parts {
        if let Some((last, last_place)) = joined.last_mut() {
            let (a, b) = (&last.step.what, &part.step.what);
            let follows = a.offset as usize + last.size == b.offset as usize && b.size > 0;
            let alike = last.step.process == part.step.process
                && a.op == b.op
                && matches!(a.op, Op::Load | Op::Store)
                && *last_place == place;
            if follows && alike && names.joins(a.offset, b.offset) {
                last.size += part.size;
                last.count += 1;
                continue;
            }
        }
        joined.push((part, place));
    }
    joined
}

/// One step as a row of its own.
pub fn single_row(
    step: &Step,
    index: usize,
    frames: &[u64; MAX_FRAMES],
    names: &Names,
    processes: &[String],
) -> Row {
    let part = Part { first: index, count: 1, step, size: step.what.size.into() };
    row(&part, symbols::own_place(frames), std::slice::from_ref(step), names, processes)
}

fn row(
    part: &Part<'_>,
    place: Option<Place>,
    steps: &[Step],
    names: &Names,
    processes: &[String],
) -> Row {
    let (step, what) = (part.step, &part.step.what);
    let bytes = |pick: fn(&Step) -> &[u8; 16]| -> Vec<u8> {
        let pieces = steps.iter().map(|step| &pick(step)[..usize::from(step.what.size)]);
        pieces.collect::<Vec<_>>().concat()
    };
    let (before, after) = (bytes(|step| &step.before), bytes(|step| &step.after));
    let value = |bytes: &[u8]| names.value(what.offset, bytes);
    let shared = part.size > 0;
    let silent = matches!(what.op, Op::Wake | Op::Requeue | Op::Timeout);
    let changes = what.op.writes() && what.op != Op::Wait && step.took;
    let row = Row {
        step: part.first + 1,
        steps: part.count,
        repeats: 1,
        round: 1,
        place_in_round: 1,
        in_turns: false,
        process: step.process.into(),
        op: what.op.word(),
        field: shared.then(|| names.name(what.offset, part.size)),
        before: (shared && !silent && changes).then(|| value(&before)),
        after: (shared && !silent).then(|| value(&after)),
        later: later(step),
        note: note(step, processes),
        place,
    };
    semaphores::in_words(row, step, part.size, names)
}

fn word(bytes: &[u8; 16]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// By how much time moved on before the step, in words.
fn later(step: &Step) -> Option<String> {
    let time = match Duration::from_nanos(step.passed) {
        Duration::ZERO => return None,
        time if time >= Duration::from_secs(3600) => "an hour".to_owned(),
        time => format!("{time:?}"),
    };
    Some(format!("{time} later"))
}

fn note(step: &Step, processes: &[String]) -> Option<String> {
    let woken = step.woken.iter().filter_map(|process| processes.get(usize::from(process)));
    let woken: Vec<&str> = woken.map(String::as_str).collect();
    match step.what.op {
        Op::Wait if step.took => Some("sleeps".into()),
        Op::Wait if u64::from(word(&step.before)) == step.what.argument => {
            Some("its time has passed".into())
        }
        Op::Wait => Some("changed meanwhile, goes on".into()),
        Op::CompareExchange if !step.took => Some("not as expected".into()),
        Op::Wake | Op::Requeue if woken.is_empty() => Some("nobody waits".into()),
        Op::BrokenList if step.what.argument == 0 => {
            Some("its list of robust mutexes leads nowhere; the rest are not marked".into())
        }
        Op::BrokenList => Some("its list of robust mutexes is a circle".into()),
        Op::Timeout if step.chosen => Some("others could go on".into()),
        Op::Timeout => Some("nobody else can run".into()),
        _ if !woken.is_empty() => Some(format!("wakes {}", woken.join(", "))),
        _ => None,
    }
}

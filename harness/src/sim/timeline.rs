//! The timeline: an execution, drawn with one column a process.
//!
//! Idea: each step is a line of text that says what was done to which field,
//! and where in the source. Steps that copy or compare neighbouring bytes from
//! one line of code are one row, and so are rounds of a loop that saw the same.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::names::Names;
use super::order::{Execution, MAX_FRAMES};
use super::record::{Op, Step};
use super::semaphores;
use super::symbols::{self, Place};
use super::{columns, fold};
use crate::{Scenario, Shared, Verdict};

/// One row: a step, or several that are shown as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The first step, from 1.
    pub step: usize,
    /// How many steps in a row.
    pub steps: usize,
    /// How often this row's round was made, one after the other.
    pub repeats: usize,
    /// How many rows a repeated round has.
    pub round: usize,
    /// Which of them this is, from 1.
    pub place_in_round: usize,
    /// Whether the rows of the round were made in no fixed order, by processes that
    /// look in vain; `repeats` is then this row's own.
    pub in_turns: bool,
    /// The index of the process.
    pub process: usize,
    /// What was done: `load`, `store`, `wait`, …
    pub op: &'static str,
    /// The field, where there is one.
    pub field: Option<String>,
    /// The value before, where it changed.
    pub before: Option<String>,
    /// The value after, or the value read.
    pub after: Option<String>,
    /// By how much time moved on before it, where it did: `an hour later`.
    pub later: Option<String>,
    /// What else there is to say: `sleeps`, `wakes b`, `failed`.
    pub note: Option<String>,
    /// Where in the source.
    pub place: Option<Place>,
}

impl Row {
    /// The row in words: `store version 3 → 4`.
    pub fn words(&self) -> String {
        let mut words = self.op.to_owned();
        if let Some(field) = &self.field {
            words += &format!(" {field}");
        }
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => words += &format!(" {before} → {after}"),
            (None, Some(after)) => words += &format!(" = {after}"),
            _ => {}
        }
        let notes = self.later.iter().chain(&self.note).cloned();
        if let Some(notes) = notes.reduce(|a, b| a + ", " + &b) {
            words += &format!(" ({notes})");
        }
        if self.repeats > 1 && (self.round == 1 || self.in_turns) {
            words += &format!(" ×{}", self.repeats);
        }
        words
    }
}

/// An execution, drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The processes, one a column.
    pub processes: Vec<String>,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// The outcome in the scenario's words.
    pub outcome: String,
    /// What that means.
    pub verdict: Verdict,
}

impl Timeline {
    /// Draws an execution whose call stacks were kept.
    pub(super) fn new<T: Shared>(scenario: &Scenario<T>, execution: &Execution) -> Self {
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
        Self { processes, rows, outcome, verdict }
    }

    /// The timeline as text: step, one column a process, source line. Where that is
    /// wider than `columns`, source lines go below their rows and columns become
    /// narrower; many processes share one column.
    pub fn in_columns(&self, columns: usize) -> String {
        columns::draw(self, columns)
    }

    /// The timeline as a self-contained SVG, for books and slides.
    pub fn to_svg(&self) -> String {
        super::svg::draw(self)
    }
}

/// The steps of an execution, those that are shown as one joined.
pub(super) type Parts<'a> = Vec<(Part<'a>, Option<Place>)>;

/// Some steps that are shown as one.
pub(super) struct Part<'a> {
    pub first: usize,
    pub count: usize,
    pub step: &'a Step,
    pub size: usize,
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
pub(super) fn single_row(
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
    let woken: Vec<&str> = processes
        .iter()
        .enumerate()
        .filter(|(i, _)| step.woken >> i & 1 == 1)
        .map(|(_, name)| name.as_str())
        .collect();
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

impl fmt::Display for Timeline {
    /// A table in at most 80 columns; see [`Timeline::in_columns`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_columns(80))
    }
}

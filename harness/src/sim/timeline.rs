//! The timeline: an execution, drawn with one column a process.
//!
//! Idea: each step is a line of text that says what was done to which field, and where
//! in the source. `drawing.rs` makes the rows, `columns.rs` text of them, `svg.rs` a
//! picture.

use serde::Serialize;

use super::record::Step;
use super::symbols::Place;
use crate::Verdict;

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

/// The steps of an execution, those that are shown as one joined.
pub(super) type Parts<'a> = Vec<(Part<'a>, Option<Place>)>;

/// Some steps that are shown as one.
pub(super) struct Part<'a> {
    pub first: usize,
    pub count: usize,
    pub step: &'a Step,
    pub size: usize,
}

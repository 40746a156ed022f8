//! A timeline as text of bounded width.
//!
//! Idea: as wide as its rows are, one column a process and the source line behind,
//! where that fits. Else the source line goes below its row, and the columns become
//! narrower; and where there are too many for that, one column has the process, and
//! one what it did.

use std::fmt::{self, Write};

use super::symbols::Place;
use super::timeline::{Row, Timeline};

/// The width of the column with the step's number.
const STEP: usize = 5;

/// Between two columns.
const GAP: usize = 2;

/// The narrowest column in which words can still be read.
const NARROWEST: usize = 24;

impl Timeline {
    /// The timeline as text: step, one column a process, source line. Where that is
    /// wider than `columns`, source lines go below their rows and columns become
    /// narrower; many processes share one column.
    pub fn in_columns(&self, columns: usize) -> String {
        draw(self, columns)
    }
}

impl fmt::Display for Timeline {
    /// A table in at most 80 columns; see [`Timeline::in_columns`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_columns(crate::COLUMNS))
    }
}

/// Draws a timeline in at most `columns` columns, where these are not fewer than 40.
fn draw(timeline: &Timeline, columns: usize) -> String {
    let natural = widths(timeline);
    let places = timeline.rows.iter().filter_map(|row| row.place.as_ref());
    let source = places.map(|place| width(&short(place))).chain([6]).max().unwrap_or(0);
    let total = STEP + natural.iter().map(|width| GAP + width).sum::<usize>();
    if total + GAP + source <= columns {
        return side_by_side(timeline, &natural, true);
    }
    match narrowed(&natural, columns.saturating_sub(STEP)) {
        Some(widths) => side_by_side(timeline, &widths, false),
        None => one_below_the_other(timeline, columns),
    }
}

/// The file without its folders, and the line.
pub fn short(place: &Place) -> String {
    let file = place.file.rsplit('/').next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The columns, each with the width of its widest row.
fn widths(timeline: &Timeline) -> Vec<usize> {
    let mut widths: Vec<usize> = timeline.processes.iter().map(|name| width(name)).collect();
    for row in &timeline.rows {
        let widest = &mut widths[row.process];
        *widest = (*widest).max(width(&row.words()));
    }
    widths
}

/// Widths that fit `room` together: the widest are cut down to one width. `None`
/// where they would be too narrow.
fn narrowed(natural: &[usize], room: usize) -> Option<Vec<usize>> {
    let fits =
        |most: usize| natural.iter().map(|width| GAP + (*width).min(most)).sum::<usize>() <= room;
    let most = (NARROWEST..=room).rev().find(|most| fits(*most))?;
    Some(natural.iter().map(|width| (*width).min(most)).collect())
}

/// A table: step, one column a process, and the source line behind or below.
fn side_by_side(timeline: &Timeline, widths: &[usize], source_behind: bool) -> String {
    let mut text = format!("{:>STEP$}", "step");
    for (name, width) in timeline.processes.iter().zip(widths) {
        push(&mut text, &format!("  {:<width$}", cut(name, *width)));
    }
    end_line(&mut text, if source_behind { "  source" } else { "" });
    let mut below = Below::default();
    for row in &timeline.rows {
        let lines = wrap(&row.words(), widths[row.process]);
        let place = row.place.as_ref().map_or_else(String::new, short);
        for (line, i) in lines.iter().zip(0..) {
            let step = if i == 0 { row.step.to_string() } else { String::new() };
            push(&mut text, &format!("{step:>STEP$}"));
            for (process, width) in widths.iter().enumerate() {
                let words = if process == row.process { line.as_str() } else { "" };
                push(&mut text, &format!("  {words:<width$}"));
            }
            let behind = if source_behind && i == 0 { format!("  {place}") } else { String::new() };
            end_line(&mut text, &behind);
        }
        if !source_behind {
            below.place(&mut text, row, &place);
        }
        end_round(&mut text, row);
    }
    text
}

/// A list: step, process, what it did, and the source line below.
fn one_below_the_other(timeline: &Timeline, columns: usize) -> String {
    let name_width = timeline.processes.iter().map(|name| width(name)).max().unwrap_or(0);
    let name_width = name_width.min(columns / 4);
    let room = columns.saturating_sub(STEP + name_width + 2 * GAP).max(1);
    let mut text = format!("{:>STEP$}  {:<name_width$}", "step", "process");
    end_line(&mut text, "");
    let mut below = Below::default();
    for row in &timeline.rows {
        let name = cut(&timeline.processes[row.process], name_width);
        for (line, i) in wrap(&row.words(), room).iter().zip(0..) {
            let step = if i == 0 { row.step.to_string() } else { String::new() };
            let name = if i == 0 { name.as_str() } else { "" };
            push(&mut text, &format!("{step:>STEP$}  {name:<name_width$}  {line}"));
            end_line(&mut text, "");
        }
        let place = row.place.as_ref().map_or_else(String::new, short);
        below.place(&mut text, row, &place);
        end_round(&mut text, row);
    }
    text
}

/// Source lines below their rows: each once, until the process or the line is another.
#[derive(Default)]
struct Below {
    last: (usize, String),
}

impl Below {
    fn place(&mut self, text: &mut String, row: &Row, place: &str) {
        let now = (row.process, place.to_owned());
        if !place.is_empty() && self.last != now {
            push(text, &format!("{:STEP$}    at {place}", ""));
            end_line(text, "");
        }
        self.last = now;
    }
}

fn end_round(text: &mut String, row: &Row) {
    if row.round == 1 || row.place_in_round != row.round {
        return;
    }
    let round = row.round;
    let what = if row.in_turns { "in turns".into() } else { format!("×{}", row.repeats) };
    push(text, &format!("{:>STEP$}  the last {round} rows {what}\n", ""));
}

fn push(text: &mut String, more: &str) {
    // Writing to a string cannot fail.
    let _ = text.write_str(more);
}

/// Ends a line without blanks at its end.
fn end_line(text: &mut String, behind: &str) {
    text.push_str(behind);
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Words in lines of at most `most` characters; what is longer than a line is cut.
/// Lines after the first begin with a blank.
fn wrap(words: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last_mut().expect("one line at least");
            let blank = if line.is_empty() || line == " " { "" } else { " " };
            if width(line) + width(blank) + width(&word) <= most {
                *line += blank;
                *line += &word;
                break;
            }
            let room = most.saturating_sub(width(line)).max(1);
            if line.trim().is_empty() {
                // Longer than a whole line.
                *line += &cut(&word, room);
                word = word.chars().skip(room).collect();
            }
            lines.push(" ".into());
        }
    }
    lines
}

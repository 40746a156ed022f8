//! What a learner reads after a check.

use std::io;

use shmkv_grader::Execution;
use shmkv_grader::catalogue::Exercise;

use crate::grade::Graded;
use crate::screen::{Screen, Tone, wrap};

/// The widest line of prose.
const WIDTH: usize = 78;

/// The most lines of what was printed that are shown.
const PRINTED: usize = 10;

/// The most rows of a timeline that are shown, at its beginning and at its end.
const ROWS: [usize; 2] = [60, 12];

/// Shows what came of a check of the answer at `place`.
///
/// # Errors
/// Nobody reads any more.
pub fn graded(
    screen: &mut Screen<'_>,
    exercise: &Exercise,
    graded: &Graded,
    place: &str,
) -> io::Result<()> {
    if let Some(diagnostics) = &graded.diagnostics {
        screen.line(diagnostics.trim_end())?;
        screen.line("")?;
    }
    let name = screen.paint(Tone::Name, exercise.id);
    match &graded.report.failed {
        None => {
            let passed = screen.paint(Tone::Good, "passed");
            screen.line(&format!("{name}: {passed}"))?;
        }
        Some(failed) => {
            let failure = screen.paint(Tone::Bad, failed.failure.words());
            screen.line(&format!("{name}: {failure}"))?;
            screen.line(&format!("  {place}"))?;
            screen.indented(2, &wrap(&failed.sentence, WIDTH))?;
            if let Some(shown) = &failed.execution {
                execution(screen, exercise, shown, graded.seed)?;
            }
        }
    }
    printed(screen, &graded.printed)?;
    for sentence in &graded.report.evidence {
        let wrapped = wrap(sentence, WIDTH);
        let quiet = screen.paint(Tone::Quiet, &wrapped);
        screen.indented(2, &quiet)?;
    }
    Ok(())
}

/// Shows an execution, and the line that runs it again.
fn execution(
    screen: &mut Screen<'_>,
    exercise: &Exercise,
    shown: &Execution,
    seed: u64,
) -> io::Result<()> {
    if shown.timeline.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    screen.indented(2, &cut(&shown.timeline))?;
    let again = screen.paint(Tone::Name, &replay_line(exercise, shown, seed));
    screen.line("")?;
    screen.line(&format!("  This was {}; to see it again:", shown.name))?;
    screen.line(&format!("    {again}"))?;
    screen.line("")
}

/// A timeline without its middle, where it is long: that of a livelock has as many
/// rows as an execution may have steps.
fn cut(timeline: &str) -> String {
    let rows: Vec<&str> = timeline.lines().collect();
    let [first, last] = ROWS;
    // A gap takes a row itself, and is to spare more than that.
    let Some(more) = rows.len().checked_sub(first + last).filter(|more| *more > last) else {
        return timeline.to_owned();
    };
    let gap = format!("       {more} rows more");
    [&rows[..first], &[gap.as_str()], &rows[rows.len() - last..]].concat().join("\n")
}

/// The line to type to run an execution again.
pub fn replay_line(exercise: &Exercise, shown: &Execution, seed: u64) -> String {
    let schedule = if shown.schedule.is_empty() { "\"\"" } else { &shown.schedule };
    let mut line = format!("cargo run --bin labs -- replay {} {schedule}", exercise.id);
    if shown.trial != 1 {
        line += &format!(" --trial {}", shown.trial);
    }
    if seed != 1 {
        line += &format!(" --seed {seed}");
    }
    line
}

fn printed(screen: &mut Screen<'_>, text: &str) -> io::Result<()> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return Ok(());
    }
    screen.line("  Your code printed:")?;
    for line in lines.iter().take(PRINTED) {
        screen.line(&format!("  | {line}"))?;
    }
    match lines.len().saturating_sub(PRINTED) {
        0 => Ok(()),
        1 => screen.line("  | and 1 line more"),
        more => screen.line(&format!("  | and {more} lines more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmkv_grader::catalogue::find;

    #[test]
    fn long_timelines_lose_their_middle() {
        let rows = |count: usize| (0..count).map(|row| format!("row {row}\n")).collect::<String>();
        assert_eq!(cut(&rows(84)), rows(84));
        let cut = cut(&rows(1_000));
        assert_eq!(cut.lines().count(), 73);
        assert!(cut.contains("row 59\n       928 rows more\nrow 988\n"), "{cut}");
    }

    #[test]
    fn replay_line_names_what_differs_from_the_default() {
        let exercise = find("insert").expect("the exercise");
        let mut shown = Execution {
            trial: 1,
            name: String::new(),
            schedule: "0*3,1".into(),
            verdict: String::new(),
            timeline: String::new(),
        };
        let line = replay_line(exercise, &shown, 1);
        assert_eq!(line, "cargo run --bin labs -- replay insert 0*3,1");
        shown.trial = 2;
        shown.schedule.clear();
        let line = replay_line(exercise, &shown, 9);
        assert_eq!(line, "cargo run --bin labs -- replay insert \"\" --trial 2 --seed 9");
    }
}

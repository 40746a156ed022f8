//! What is said about mutants.

use std::io;

use serde_json::json;

use super::{Checked, Fate, Tally};
use crate::places::Places;
use crate::screen::{Screen, Tone, wrap};

/// Above the rows.
pub(super) const HEAD: &str =
    "exercise          mutants  invalid  rejected  equal  ordering  survived   score";

/// How wide text is, in characters.
const WIDTH: usize = 76;

/// One exercise in a line.
pub(super) fn row(tally: &Tally) -> String {
    format!(
        "{:<17} {:>7}  {:>7}  {:>8}  {:>5}  {:>8}  {:>8}  {:>5.1} %",
        tally.exercise.id,
        tally.checked.len(),
        tally.not_compiled(),
        tally.rejected(),
        tally.equivalent(),
        tally.orderings(),
        tally.survived(),
        tally.score(),
    )
}

/// The table, as text.
pub fn summary(tallies: &[Tally]) -> String {
    let rows = tallies.iter().map(row);
    [HEAD.to_owned()].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// What follows the table.
pub(super) fn tell(screen: &mut Screen<'_>, places: &Places, tallies: &[Tally]) -> io::Result<()> {
    let seconds: f64 = tallies.iter().map(|tally| tally.took.as_secs_f64()).sum();
    let checks: usize =
        tallies.iter().map(|tally| tally.checked.len() - tally.not_compiled()).sum();
    let each = seconds / checks.max(1) as f64;
    screen.line("")?;
    screen.line(&wrap(
        "invalid: does not compile. equal: passes, and is listed with the reason. ordering: a \
         memory ordering is weaker; executions in program order do not show that, so these are \
         not checked. score: rejected / (rejected + survived).",
        WIDTH,
    ))?;
    screen.line(&format!("{checks} mutants in {seconds:.0} s: {each:.2} s each."))?;
    for tally in tallies {
        for checked in tally.checked.iter().filter(|checked| checked.survived()) {
            screen.line("")?;
            let survived = screen.paint(Tone::Bad, "survived");
            let place = place(places, tally, checked);
            screen.line(&format!("{survived} {}", screen.paint(Tone::Name, &place)))?;
            screen.line(&format!("  {}", checked.mutant.id))?;
            screen.indented(2, &diff(&tally.solution, &checked.mutant.text))?;
            screen.line(&format!("  no trial of {} sees it", grader(tally)))?;
        }
        for mistake in &tally.mistakes {
            screen.line("")?;
            let file = places.shorten(&places.equivalent(tally.exercise));
            screen.line(&format!("{}: {mistake}", screen.paint(Tone::Name, &file)))?;
        }
    }
    Ok(())
}

/// All that survived, and what is wrong with the lists, as text.
pub fn survivors(places: &Places, tallies: &[Tally]) -> String {
    let mut out = Vec::new();
    let mut screen = Screen::new(&mut out, false);
    // A vector takes all that is written.
    let _ = tell(&mut screen, places, tallies);
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the change begins.
fn place(places: &Places, tally: &Tally, checked: &Checked) -> String {
    places.at_line(&places.solution(tally.exercise), checked.mutant.line)
}

/// The file with the trials.
fn grader(tally: &Tally) -> String {
    format!("labs/grader/src/{}.rs", tally.exercise.module.replace("::", "/"))
}

/// The lines that differ. A mutant has one change, so they lie together.
fn diff(from: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let same = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let rest = from.len().min(to.len()) - same;
    let ends = from.iter().rev().zip(to.iter().rev());
    let same_behind = ends.take(rest).take_while(|(one, other)| one == other).count();
    let removed = from[same..from.len() - same_behind].iter().map(|line| format!("- {line}"));
    let added = to[same..to.len() - same_behind].iter().map(|line| format!("+ {line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

/// Everything, for programs.
pub(super) fn json(places: &Places, tallies: &[Tally]) -> String {
    let mutant = |tally: &Tally, checked: &Checked| {
        let (fate, failure) = match &checked.fate {
            Fate::NotCompiled => ("not-compiled", None),
            Fate::NotObservable => ("ordering", None),
            Fate::Rejected(failure) => ("rejected", Some(failure.words())),
            Fate::Passed if checked.equivalent.is_some() => ("equivalent", None),
            Fate::Passed => ("survived", None),
            Fate::Unchecked(_) => ("could-not-check", None),
        };
        json!({
            "mutant": checked.mutant.id,
            "operator": checked.mutant.operator,
            "place": place(places, tally, checked),
            "diff": diff(&tally.solution, &checked.mutant.text),
            "fate": fate,
            "failure": failure,
            "why_equivalent": checked.equivalent,
            "ms": checked.took.as_millis() as u64,
        })
    };
    let exercises: Vec<_> = tallies
        .iter()
        .map(|tally| {
            let mutants: Vec<_> =
                tally.checked.iter().map(|checked| mutant(tally, checked)).collect();
            json!({
                "exercise": tally.exercise.id,
                "mutants": tally.checked.len(),
                "not_compiled": tally.not_compiled(),
                "rejected": tally.rejected(),
                "equivalent": tally.equivalent(),
                "orderings": tally.orderings(),
                "survived": tally.survived(),
                "score": tally.score(),
                "seconds": tally.took.as_secs_f64(),
                "mistakes_in_list": tally.mistakes,
                "all": mutants,
            })
        })
        .collect();
    serde_json::to_string_pretty(&exercises).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_has_the_lines_that_differ() {
        assert_eq!(diff("a\nb\nc\nd", "a\nx\nc\nd"), "- b\n+ x");
        assert_eq!(diff("a\nb\nb\nc", "a\nb\nc"), "- b");
        assert_eq!(diff("a\nb", "a\nb\nb"), "+ b");
        assert_eq!(diff("a", "a"), "");
    }
}

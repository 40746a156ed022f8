//! Rows that say the same again, folded.
//!
//! Idea: first, spells in which processes only look, and each sees again what it
//! saw before: one row for each different look, however the turns went. Then rounds
//! of several rows that follow one another unchanged.

use super::timeline::Row;

/// The most rows of a round that is folded.
const LONGEST_ROUND: usize = 32;

/// The most different rows of a spell of looks.
const LOOKS: usize = 16;

/// Folds what repeats in `rows`.
pub fn fold(rows: Vec<Row>) -> Vec<Row> {
    fold_rounds(&fold_spells(rows))
}

/// A spell of vain looks by several processes: its different rows, in order of their
/// first time, and how often each was made.
fn fold_spells(rows: Vec<Row>) -> Vec<Row> {
    let mut folded: Vec<Row> = Vec::new();
    let mut rest = rows.as_slice();
    while let Some(row) = rest.first() {
        let (len, different) = spell(rest);
        let processes = different.windows(2).any(|pair| pair[0].process != pair[1].process);
        // Each twice more, on average, as for rounds.
        if !processes || len < 3 * different.len() {
            folded.push(row.clone());
            rest = &rest[1..];
            continue;
        }
        let round = different.len();
        for (row, place_in_round) in different.into_iter().zip(1..) {
            let repeats = rest[..len].iter().filter(|other| alike(row, other)).count();
            folded.push(Row { round, repeats, place_in_round, in_turns: true, ..row.clone() });
        }
        rest = &rest[len..];
    }
    folded
}

/// How many of the first rows are looks that change nothing, and which of them are
/// different.
fn spell(rows: &[Row]) -> (usize, Vec<&Row>) {
    let mut different: Vec<&Row> = Vec::new();
    for (len, row) in rows.iter().enumerate() {
        let looks = matches!(row.op, "load" | "yield") && row.before.is_none();
        if !looks {
            return (len, different);
        }
        if different.iter().all(|other| !alike(other, row)) {
            // What is new ends a spell that has gone on for longer.
            if different.len() == LOOKS || len >= 3 * different.len().max(2) {
                return (len, different);
            }
            different.push(row);
        }
    }
    (rows.len(), different)
}

/// Folds a round of up to [`LONGEST_ROUND`] rows that was repeated.
fn fold_rounds(rows: &[Row]) -> Vec<Row> {
    let mut folded: Vec<Row> = Vec::new();
    let mut i = 0;
    while i < rows.len() {
        // Of rounds that save as many rows, the shortest.
        let (round, repeats) = (1..=LONGEST_ROUND)
            .rev()
            .map(|round| (round, repeats_at(&rows[i..], round)))
            .max_by_key(|(round, repeats)| (repeats - 1) * round)
            .unwrap_or((1, 1));
        if repeats < 3 {
            folded.push(rows[i].clone());
            i += 1;
            continue;
        }
        let rows_of_round = rows[i..i + round].iter().cloned().zip(1..);
        folded.extend(rows_of_round.map(|(row, place_in_round)| Row {
            round,
            repeats,
            place_in_round,
            ..row
        }));
        i += round * repeats;
    }
    folded
}

/// How often the first `round` rows follow one another.
fn repeats_at(rows: &[Row], round: usize) -> usize {
    let Some(first) = rows.get(..round) else { return 1 };
    if first.iter().any(|row| row.in_turns) {
        return 1;
    }
    let rounds = rows.chunks_exact(round);
    rounds.take_while(|next| first.iter().zip(*next).all(|(a, b)| alike(a, b))).count()
}

fn alike(a: &Row, b: &Row) -> bool {
    (a.process, a.op, &a.place) == (b.process, b.op, &b.place)
        && (&a.field, &a.before, &a.after, &a.note) == (&b.field, &b.before, &b.after, &b.note)
        && !b.in_turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(step: usize, process: usize, value: &str) -> Row {
        Row {
            step,
            steps: 1,
            repeats: 1,
            round: 1,
            place_in_round: 1,
            in_turns: false,
            process,
            op: "load",
            field: Some("flag".into()),
            before: None,
            after: Some(value.into()),
            later: None,
            note: None,
            place: None,
        }
    }

    /// Whatever the order of their turns, two that spin are two rows.
    #[test]
    fn spinners_of_two_processes_are_two_rows() {
        let turns = [0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1];
        let rows = turns.into_iter().zip(1..).map(|(process, step)| load(step, process, "0"));
        let mut rows: Vec<Row> = rows.collect();
        rows.push(load(13, 0, "1"));
        let folded = fold(rows);
        let told: Vec<_> =
            folded.iter().map(|row| (row.step, row.process, row.repeats, row.in_turns)).collect();
        assert_eq!(told, [(1, 0, 6, true), (4, 1, 6, true), (13, 0, 1, false)]);
        assert_eq!(folded[0].words(), "load flag = 0 ×6");
    }

    #[test]
    fn what_changes_is_not_folded_into_a_spell() {
        let values = ["0", "1", "2", "3", "4", "5"];
        let rows = values.iter().zip(1..).map(|(value, step)| load(step, step % 2, value));
        let rows: Vec<Row> = rows.collect();
        assert_eq!(fold(rows.clone()), rows);
    }

    #[test]
    fn long_rounds_of_two_processes_are_folded() {
        let round = |_| (0..10).map(|i| load(1, i % 2, &i.to_string()));
        let mut rows: Vec<Row> = (0..50).flat_map(round).collect();
        rows.iter_mut().for_each(|row| row.op = "swap");
        let folded = fold(rows);
        assert_eq!((folded.len(), folded[9].round, folded[9].repeats), (10, 10, 50));
    }
}

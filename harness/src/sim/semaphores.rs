//! A semaphore's steps in words that those who use it know.
//!
//! Idea: glibc takes, posts and waits in two to four accesses to words that it keeps
//! for itself. Where no other process comes in between, they are one row: `take
//! lock 1 → 0`, `post lock 0 → 1`, `wait lock = 0 (sleeps)`. Where one does, each is
//! a row of its own, since a schedule can tell them apart.
//! Source: glibc, nptl/sem_waitcommon.c and nptl/sem_post.c.

use super::names::{Names, Part};
use super::record::{Op, Step};
use super::timeline::{Parts, Row};

/// `row`, which shows `step`, in a semaphore's words where it touches one.
pub(super) fn in_words(row: Row, step: &Step, size: usize, names: &Names) -> Row {
    let Some((semaphore, part)) = names.semaphore(step.what.offset, size) else { return row };
    let [value_before, waiters_before] = halves(&step.before);
    let [value, waiters] = halves(&step.after);
    let text = |number: u32| Some(number.to_string());
    let name = Some(semaphore.to_owned());
    match (step.what.op, part) {
        (Op::CompareExchange, Part::Both) if step.took && value != value_before => Row {
            op: if value < value_before { "take" } else { "post" },
            field: name,
            before: text(value_before),
            after: text(value),
            ..row
        },
        (Op::CompareExchange, Part::Both) => Row {
            field: name,
            before: None,
            after: text(value),
            note: Some("changed meanwhile".into()),
            ..row
        },
        (Op::FetchAdd | Op::Update, Part::Both) if value == value_before => Row {
            field: Some(format!("{semaphore}'s waiters")),
            before: text(waiters_before),
            after: text(waiters),
            ..row
        },
        (Op::Load, Part::Both) => {
            let note = match waiters {
                0 => None,
                1 => Some("1 waits".to_owned()),
                more => Some(format!("{more} wait")),
            };
            Row { field: name, before: None, after: text(value), note, ..row }
        }
        (Op::Load, Part::Flags) => {
            Row { field: Some(format!("{semaphore}'s flags")), after: None, ..row }
        }
        (_, Part::Value) => Row { field: name, ..row },
        _ => row,
    }
}

/// The value and the number of waiters in a semaphore's first eight bytes.
fn halves(bytes: &[u8; 16]) -> [u32; 2] {
    let half = |at: usize| {
        let [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        u32::from_le_bytes([a, b, c, d])
    };
    [half(0), half(4)]
}

/// What a row is to the call that it belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A look, or a note of who waits, before the call does what it is for.
    Before,
    /// What it is for.
    Deed,
    /// The wake-up after a post.
    Wake,
}

/// What a row is to which semaphore; `None` where it touches none.
type Mark<'a> = Option<(&'a str, Role)>;

/// Makes one row of the steps of a call that no other process came in between.
pub(super) fn fold(rows: Vec<Row>, parts: &Parts<'_>, names: &Names) -> Vec<Row> {
    let mut folded: Vec<(Row, Mark<'_>)> = Vec::new();
    for (mut row, (part, _)) in rows.into_iter().zip(parts) {
        let semaphore = names.semaphore(part.step.what.offset, part.size);
        let mark = semaphore.and_then(|(name, _)| Some((name, role(&row, part.step)?)));
        match mark {
            Some((name, Role::Deed)) => take_in_looks(&mut folded, &mut row, name),
            Some((name, Role::Wake)) => {
                if let Some((last, Some((posted, Role::Deed)))) = folded.last_mut()
                    && *posted == name
                    && last.op == "post"
                    && of_one_call(last, &row)
                {
                    last.steps += row.steps;
                    last.note = row.note;
                    continue;
                }
            }
            _ => {}
        }
        folded.push((row, mark));
    }
    folded.into_iter().map(|(row, _)| row).collect()
}

/// Takes the rows before `deed` that led to it into it.
fn take_in_looks(folded: &mut Vec<(Row, Mark<'_>)>, deed: &mut Row, semaphore: &str) {
    let leads = |(row, mark): &(Row, Mark<'_>)| {
        *mark == Some((semaphore, Role::Before)) && of_one_call(row, deed)
    };
    let before = folded.iter().rev().take_while(|entry| leads(entry)).count();
    for (look, _) in folded.drain(folded.len() - before..).rev() {
        deed.step = look.step;
        deed.steps += look.steps;
        deed.later = look.later.or(deed.later.take());
    }
}

fn of_one_call(a: &Row, b: &Row) -> bool {
    a.process == b.process && a.place == b.place
}

fn role(row: &Row, step: &Step) -> Option<Role> {
    match step.what.op {
        Op::Load => Some(Role::Before),
        Op::FetchAdd | Op::Update if halves(&step.before)[1] < halves(&step.after)[1] => {
            Some(Role::Before)
        }
        Op::CompareExchange if matches!(row.op, "take" | "post") => Some(Role::Deed),
        Op::Wait => Some(Role::Deed),
        Op::Wake => Some(Role::Wake),
        _ => None,
    }
}

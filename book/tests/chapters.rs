//! What every lab's chapter has: its parts in order, a bounded length, and
//! questions whose answers are executions.

use std::fs;
use std::path::Path;

/// Headings of a lab's chapter, as their first words; `The execution` may be in
/// the plural, and a lab may have parts of its own in between.
const PARTS: [&str; 10] = [
    "What you will be able to do",
    "What must hold",
    "Predict before you run",
    "The code",
    "What stress saw",
    "The execution",
    "The fix",
    "The price",
    "{{#exercises lab-",
    "Questions",
];

const LABS: std::ops::RangeInclusive<u32> = 1..=4;

fn chapter(lab: u32) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/lab-{lab}.md"));
    fs::read_to_string(file).expect("a chapter")
}

#[test]
fn lab_chapters_have_all_parts_in_order() {
    for lab in LABS {
        let text = chapter(lab);
        let heads =
            text.lines().filter(|line| line.starts_with("## ") || line.starts_with("{{#ex"));
        let mut heads = heads.map(|line| line.trim_start_matches("## "));
        for part in PARTS {
            assert!(heads.any(|head| head.starts_with(part)), "lab {lab} has no {part:?} there");
        }
    }
}

/// Invariants are a numbered list, to which the chapter refers.
#[test]
fn lab_chapters_number_their_invariants() {
    for lab in LABS {
        let text = chapter(lab);
        let (_, rest) = text.split_once("## What must hold\n").expect("the part");
        let part = rest.split("\n## ").next().unwrap_or_default();
        for number in 1..=3 {
            assert!(part.contains(&format!("\n{number}. ")), "lab {lab} has no invariant {number}");
        }
    }
}

/// Prose only: neither what directives put in, nor code.
#[test]
fn lab_chapters_are_neither_short_nor_long() {
    for lab in LABS {
        let text = chapter(lab);
        let prose = text.split("```").step_by(2).flat_map(str::lines);
        let words: usize = prose
            .filter(|line| !line.starts_with("{{#"))
            .map(|line| line.split_whitespace().count())
            .sum();
        assert!((900..=1_800).contains(&words), "lab {lab} has {words} words");
    }
}

#[test]
fn questions_have_folded_answers_that_show_an_execution() {
    for lab in LABS {
        let text = chapter(lab);
        let (_, questions) = text.split_once("## Questions\n").expect("questions");
        let answers: Vec<&str> = questions.split("<details><summary>Answer</summary>").collect();
        let asked = questions.lines().filter(|line| {
            line.strip_prefix("**")
                .is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        });
        assert_eq!(asked.count(), answers.len() - 1, "lab {lab}");
        for answer in &answers[1..] {
            let (answer, _) = answer.split_once("</details>").expect("an answer ends");
            let shows = ["{{#timeline ", "{{#schedule ", "{{#scheduler "];
            assert!(shows.iter().any(|figure| answer.contains(figure)), "lab {lab}: {answer}");
        }
    }
}

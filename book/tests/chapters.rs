//! What every lab's chapter has: its parts in order, a bounded length, and
//! questions whose answers are executions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use shmkv_grader::Failure;

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
    read(&format!("lab-{lab}.md"))
}

fn read(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    fs::read_to_string(file).expect("a chapter")
}

/// All chapters but the one that lists the sources.
fn chapters() -> Vec<String> {
    let summary = read("SUMMARY.md");
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|file| *file != "sources.md").map(read).collect()
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

/// What the last chapter lists is what the others rest on.
#[test]
fn every_source_is_cited_by_a_chapter() {
    let sources = read("sources.md");
    let ids = sources.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let chapters = chapters().concat();
    let uncited: Vec<&str> =
        ids.filter(|id| !chapters.contains(&format!("(sources.md#{id})"))).collect();
    assert!(uncited.is_empty(), "{uncited:?}");
}

/// The glossary has the grader's words, all of them.
#[test]
fn glossary_names_every_verdict_of_the_grader() {
    let glossary = read("glossary.md");
    let (_, entry) = glossary.split_once("**verdict**").expect("the entry");
    let entry = entry.split("\n\n").next().unwrap_or_default().replace("\n ", "");
    for failure in Failure::ALL {
        assert!(entry.contains(failure.words()), "{} is not in {entry}", failure.words());
    }
}

/// A number of thousands in prose is one that is computed here; those of programs are
/// put in when the book is built.
#[test]
fn large_numbers_in_prose_are_computed() {
    /// In how many orders two processes can make so many steps each.
    fn orders(steps: u128) -> u128 {
        (1..=steps).fold(1, |orders, n| orders * (steps + n) / n)
    }
    let known = [orders(10), orders(20)].map(shmkv_harness::thousands);
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let mut found = BTreeSet::new();
    for chapter in chapters() {
        let prose = chapter.split("```").step_by(2).collect::<String>();
        let words = prose.split(|c: char| !c.is_ascii_digit() && c != ',');
        let words = words.map(|word| word.trim_matches(','));
        let is_grouped = |word: &&str| {
            word.contains(',') && word.split(',').skip(1).all(|group| group.len() == 3)
        };
        found.extend(words.filter(is_grouped).map(str::to_owned));
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, known);
}

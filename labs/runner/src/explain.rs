//! `explain`: what the book says about an exercise, in the terminal.
//!
//! Idea: the chapter's source is here, and a section of it is short. What the book
//! makes when it is built (figures, and what was measured) is named in its place; code
//! is taken from where the book takes it.

use std::fs;
use std::path::Path;

use shmkv_grader::catalogue::{Exercise, Section};

use crate::app::{App, CommandError, Outcome};
use crate::prose;
use crate::screen::Tone;

/// Shows the section of the book that belongs to `exercise`, and says where it is.
///
/// # Errors
/// [`CommandError::NoSection`]: it is not there.
pub fn section(app: &mut App<'_>, exercise: &Exercise) -> Outcome<()> {
    let Section { chapter, heading } = exercise.section;
    let missing = |why| CommandError::NoSection { why, chapter, heading };
    let file = app.places.chapter(chapter);
    let text = fs::read_to_string(&file)
        .map_err(|error| missing(format!("the book is not here ({}: {error})", file.display())))?;
    let (line, section) = prose::section(&text, heading)
        .ok_or_else(|| missing(format!("{} is of another version", file.display())))?;
    let markdown = without_directives(section, &app.places.workspace);
    let shown =
        prose::for_terminal(&markdown, prose::width(), &|tone, text| app.screen.paint(tone, text));
    app.screen.indented(0, &shown)?;
    let place = app.places.at_line(&file, line);
    let page = format!("{chapter}.html#{}", prose::anchor(heading));
    let place = app.screen.paint(Tone::Name, &place);
    app.screen.line(&format!("This is {place}"))?;
    app.screen.line(&format!("In a browser: cargo run --bin book, then {page}"))?;
    Ok(())
}

/// `markdown` with code in place of what asks for it, and a remark in place of a figure.
fn without_directives(markdown: &str, workspace: &Path) -> String {
    let mut replaced = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        let directive = line.strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}"));
        match directive.map(|directive| directive.split_once(' ').unwrap_or((directive, ""))) {
            Some(("code", what)) => replaced += &code(what, workspace),
            Some((name, _)) => replaced += remark(name),
            None => replaced += line,
        }
        replaced.push('\n');
    }
    replaced
}

/// What stands for what the book makes when it is built.
fn remark(directive: &str) -> &'static str {
    match directive {
        "scheduler" => "(The book has a figure here: you choose who makes each step.)",
        "timeline" | "schedule" => "(The book has a figure here: an execution, step by step.)",
        "output" | "search" | "explored" | "snapshot" => {
            "(The book has here what the lab printed when the book was built.)"
        }
        "counts" | "orders" => "(The book says here how many orders there are.)",
        _ => "(The book has a table here.)",
    }
}

/// The lines that `FILE:ANCHOR` names, below the place where they are.
fn code(what: &str, workspace: &Path) -> String {
    let (file, anchor) = what.split_once(':').unwrap_or((what, ""));
    let text = fs::read_to_string(workspace.join(file)).unwrap_or_default();
    let mark = |line: &str, mark: &str| {
        line.trim()
            .strip_prefix("// ")
            .is_some_and(|comment| comment == format!("{mark}: {anchor}"))
    };
    let before = text.lines().take_while(|line| !mark(line, "ANCHOR")).count();
    let lines: Vec<&str> = (text.lines().skip(before + 1))
        .take_while(|line| !mark(line, "ANCHOR_END"))
        .filter(|line| !line.trim().starts_with("// ANCHOR"))
        .collect();
    format!("{file}:{}\n\n```rust\n{}\n```\n", before + 2, textwrap::dedent(&lines.join("\n")))
}

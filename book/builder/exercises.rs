//! The exercises of a lab, as its chapter lists them.
//!
//! Idea: an exercise is one file, `labs/exercises/LAB/NAME.rs`, whose first line
//! says what it is: `//! Lab 1, write: two processes insert …`. The list is what
//! is there, read from the starters, which a learner does not change.

use std::fs;

use crate::{BookError, Sources};

/// The section of a chapter that lists the exercises of `lab`; empty where
/// there are none.
///
/// # Errors
/// [`BookError::Read`].
pub fn section(sources: &Sources, lab: &str) -> Result<String, BookError> {
    let folder = format!("labs/exercises/starters/{lab}");
    let Ok(entries) = fs::read_dir(sources.root().join(&folder)) else { return Ok(String::new()) };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    let mut items = String::new();
    for name in &names {
        let text = sources.read(&format!("{folder}/{name}.rs"))?;
        let about = text.lines().find_map(|line| line.strip_prefix("//! ")).unwrap_or_default();
        items += &item(lab, name, about);
    }
    if items.is_empty() {
        return Ok(items);
    }
    Ok(format!(
        "## Exercises\n\nEach is one file, whose head says what is to be done.\n\n{items}\n\
         `cargo run --bin labs` says which is next; `cargo run --bin labs -- check NAME` checks \
         one, under stress and under the simulator.\n"
    ))
}

/// One exercise, from the first line of its head: `Lab 1, write: what it is about`.
fn item(lab: &str, name: &str, about: &str) -> String {
    let (kind, about) = about.split_once(": ").unwrap_or(("", about));
    let kind = kind.rsplit(", ").next().map_or_else(String::new, |kind| format!(" ({kind})"));
    format!("- **{name}**{kind}: {about} `labs/exercises/{lab}/{name}.rs`\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exercises_are_listed_by_their_first_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = Sources::new(folder.path());
        assert_eq!(section(&sources, "lab-1").expect("no exercises"), "");

        let lab = folder.path().join("labs/exercises/starters/lab-1");
        fs::create_dir_all(&lab).expect("a folder");
        assert_eq!(section(&sources, "lab-1").expect("an empty folder"), "");

        fs::write(lab.join("b.rs"), "//! Lab 1, break: second.\n").expect("a file");
        fs::write(lab.join("a.rs"), "//! Lab 1, write: first.\n//!\n//! More.\n").expect("a file");
        fs::write(lab.join("notes.txt"), "no exercise").expect("a file");
        let section = section(&sources, "lab-1").expect("two exercises");
        let list = "- **a** (write): first. `labs/exercises/lab-1/a.rs`\n\
                    - **b** (break): second. `labs/exercises/lab-1/b.rs`\n";
        assert!(section.contains(list), "{section}");
    }
}

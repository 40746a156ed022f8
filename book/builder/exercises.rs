//! The exercises of a lab, as its chapter lists them.
//!
//! Idea: an exercise is one file under `labs/exercises/LAB`, whose head says in
//! its first line what it is about; the list is what is there.

use std::fs;

use crate::{BookError, Sources};

/// The section of a chapter that lists the exercises of `lab`; empty where
/// there are none.
///
/// # Errors
/// [`BookError::Read`].
pub fn section(sources: &Sources, lab: &str) -> Result<String, BookError> {
    let folder = format!("labs/exercises/{lab}");
    let Ok(entries) = fs::read_dir(sources.root().join(&folder)) else { return Ok(String::new()) };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".rs")).collect();
    names.sort();
    let mut items = String::new();
    for name in names {
        let text = sources.read(&format!("{folder}/{name}"))?;
        let about = text.lines().find_map(|line| line.strip_prefix("//! ")).unwrap_or_default();
        items += &format!("- `{folder}/{name}`: {about}\n");
    }
    if items.is_empty() {
        return Ok(items);
    }
    Ok(format!(
        "## Exercises\n\n{items}\n`cargo run --bin labs` says which is next, and checks them.\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exercises_are_listed_by_their_first_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = Sources::new(folder.path());
        assert_eq!(section(&sources, "lab-1").expect("no exercises"), "");

        let lab = folder.path().join("labs/exercises/lab-1");
        fs::create_dir_all(&lab).expect("a folder");
        assert_eq!(section(&sources, "lab-1").expect("an empty folder"), "");

        fs::write(lab.join("b.rs"), "//! Second.\n").expect("a file");
        fs::write(lab.join("a.rs"), "//! First.\n//!\n//! More.\n").expect("a file");
        fs::write(lab.join("notes.txt"), "no exercise").expect("a file");
        let section = section(&sources, "lab-1").expect("two exercises");
        assert!(
            section.contains(
                "- `labs/exercises/lab-1/a.rs`: First.\n- `labs/exercises/lab-1/b.rs`: Second.\n"
            ),
            "{section}"
        );
    }
}

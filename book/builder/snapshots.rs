//! Output that a test has checked, as a chapter shows it.
//!
//! Idea: insta keeps what a program printed in a file that its test compares;
//! a chapter shows that file, so it shows what the program prints.

use crate::{BookError, Sources};

/// The text of insta's snapshot `file`, without its head.
///
/// # Errors
/// [`BookError::Read`], [`BookError::NoSnapshot`].
pub fn text(sources: &Sources, file: &str) -> Result<String, BookError> {
    let snapshot = sources.read(file)?;
    let body = snapshot.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((_, body)) = body else {
        return Err(BookError::NoSnapshot { file: file.to_owned() });
    };
    Ok(format!("{}\n", body.trim_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_is_shown_without_its_head() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = Sources::new(folder.path());
        let file = |text: &str| std::fs::write(folder.path().join("a.snap"), text).expect("a file");

        file("---\nsource: x.rs\nexpression: y\n---\n  two\n---\nlines\n\n");
        assert_eq!(text(&sources, "a.snap").expect("a snapshot"), "  two\n---\nlines\n");

        file("just text\n");
        let error = text(&sources, "a.snap").expect_err("no snapshot").to_string();
        assert!(error.starts_with("a.snap is no snapshot"), "{error}");
    }
}

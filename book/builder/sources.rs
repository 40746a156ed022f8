//! Excerpts of source files, between anchors.
//!
//! Idea: a chapter shows code by naming a file and an anchor, `labs/src/lab_1.rs:set`,
//! and never by copying it. The lines stand between two comments, `ANCHOR: set`
//! and `ANCHOR_END: set`, and keep their numbers.
//! Limits: an anchor is one run of lines, and there is one of a name in a file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::BookError;

/// The files of the workspace.
#[derive(Clone, Debug)]
pub struct Sources {
    root: PathBuf,
}

/// Some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, from the workspace's root.
    pub file: String,
    /// The lines, with their numbers in the file; what all are indented by is
    /// taken away.
    pub lines: Vec<(u32, String)>,
}

impl Sources {
    /// The files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The files of the workspace that this program was built from.
    pub fn of_workspace() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::new(package.parent().unwrap_or(package))
    }

    /// Where they are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The text of a file.
    ///
    /// # Errors
    /// [`BookError::Read`].
    pub fn read(&self, file: &str) -> Result<String, BookError> {
        let file = self.root.join(file);
        fs::read_to_string(&file).map_err(|source| BookError::Read { file, source })
    }

    /// The lines that `spec` names: `FILE:ANCHOR`, or all of `FILE`.
    ///
    /// # Errors
    /// [`BookError::Read`], [`BookError::Anchor`], [`BookError::Empty`].
    pub fn excerpt(&self, spec: &str) -> Result<Excerpt, BookError> {
        let (file, anchor) = match spec.split_once(':') {
            Some((file, anchor)) => (file, Some(anchor)),
            None => (spec, None),
        };
        let text = self.read(file)?;
        let numbered = (1..).zip(text.lines()).map(|(number, line)| (number, line.to_owned()));
        let mut lines: Vec<(u32, String)> = numbered.collect();
        if let Some(anchor) = anchor {
            let first = marker_line(file, &lines, &format!("ANCHOR: {anchor}"))?;
            let last = marker_line(file, &lines, &format!("ANCHOR_END: {anchor}"))?;
            lines.retain(|(number, _)| first < *number && *number < last);
        }
        lines.retain(|(_, line)| marker(line).is_none());
        if lines.iter().all(|(_, line)| line.trim().is_empty()) {
            return Err(BookError::Empty { spec: spec.to_owned() });
        }
        dedent(&mut lines);
        Ok(Excerpt { file: file.to_owned(), lines })
    }
}

impl Excerpt {
    /// Its text, each line ended.
    pub fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    /// Whether it holds this line of this file; the file's path may be longer.
    pub fn holds(&self, file: &str, line: u32) -> bool {
        Path::new(file).ends_with(&self.file)
            && self.lines.iter().any(|(number, _)| *number == line)
    }
}

/// The number of the one line that is `wanted`.
fn marker_line(file: &str, lines: &[(u32, String)], wanted: &str) -> Result<u32, BookError> {
    let found: Vec<u32> = lines
        .iter()
        .filter(|(_, line)| marker(line) == Some(wanted))
        .map(|(number, _)| *number)
        .collect();
    match found[..] {
        [number] => Ok(number),
        _ => Err(BookError::Anchor {
            file: file.to_owned(),
            marker: wanted.to_owned(),
            found: found.len(),
        }),
    }
}

/// `ANCHOR: name` or `ANCHOR_END: name`, where a line is such a comment.
fn marker(line: &str) -> Option<&str> {
    let comment = line.trim().trim_start_matches(['/', '#']).trim_start();
    let is_marker = comment.starts_with("ANCHOR: ") || comment.starts_with("ANCHOR_END: ");
    is_marker.then_some(comment)
}

fn dedent(lines: &mut [(u32, String)]) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let inked = lines.iter().filter(|(_, line)| !line.trim().is_empty());
    let common = inked.map(|(_, line)| indent(line)).min().unwrap_or(0);
    for (_, line) in lines {
        *line = line.get(common..).unwrap_or_default().to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
fn main() {
    // ANCHOR: outer
    let a = 1;
    // ANCHOR: inner
    if a == 1 {
        let b = 2;
    }
    // ANCHOR_END: inner
    // ANCHOR_END: outer
}
# ANCHOR: twice
# ANCHOR: twice
# ANCHOR_END: twice
# ANCHOR: none
# ANCHOR_END: none
";

    fn excerpt(spec: &str) -> Result<Excerpt, BookError> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file.rs"), FILE).expect("a file");
        Sources::new(folder.path()).excerpt(spec)
    }

    #[test]
    fn excerpt_has_its_lines_with_their_numbers_and_no_markers() {
        let excerpt = excerpt("file.rs:outer").expect("an excerpt");
        assert_eq!(excerpt.text(), "let a = 1;\nif a == 1 {\n    let b = 2;\n}\n");
        let numbers: Vec<u32> = excerpt.lines.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [3, 5, 6, 7]);
        assert!(excerpt.holds("/somewhere/file.rs", 5) && !excerpt.holds("other.rs", 5));
        assert!(!excerpt.holds("file.rs", 4), "the inner marker is not shown");
    }

    #[test]
    fn whole_file_is_shown_without_markers() {
        let text = excerpt("file.rs").expect("an excerpt").text();
        assert!(text.starts_with("fn main() {\n    let a = 1;\n"), "{text}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (spec, message) in [
            ("file.rs:missing", "file.rs has 0 lines \"ANCHOR: missing\"; the book needs one"),
            ("file.rs:twice", "file.rs has 2 lines \"ANCHOR: twice\"; the book needs one"),
            ("file.rs:none", "file.rs:none is empty"),
        ] {
            assert_eq!(excerpt(spec).expect_err(spec).to_string(), message);
        }
        let missing = excerpt("no.rs:outer").expect_err("a file that is not there").to_string();
        assert!(missing.contains("no.rs cannot be read"), "{missing}");
    }
}

//! What a compiler says, and whether it says it of the file.
//!
//! Idea: a mistake in a file is told with its place. What has no place (a full disk,
//! a linker that fails) may be the machine's fault.
//! Source: the rustc book, "JSON Output".

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

/// Mistakes with a place that are those of the libraries: they are damaged, or built
/// by another compiler.
const LIBRARIES: &[&str] =
    &["E0460", "E0461", "E0462", "E0463", "E0464", "E0514", "E0519", "E0786"];

#[derive(Deserialize)]
struct Message {
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    #[serde(default)]
    file_name: PathBuf,
}

/// What was said.
pub struct Diagnostics {
    /// As a reader wants it.
    pub text: String,
    /// Whether an error has a place in what was compiled.
    pub has_place: bool,
    /// The files that errors have a place in.
    pub files: BTreeSet<PathBuf>,
}

impl Diagnostics {
    /// From what `rustc --error-format=json` says; other lines are taken as they are.
    pub fn parse(said: &str) -> Self {
        let mut diagnostics =
            Self { text: String::new(), has_place: false, files: BTreeSet::new() };
        for line in said.lines() {
            match serde_json::from_str::<Message>(line) {
                Ok(message) => diagnostics.add(&message),
                Err(_) => diagnostics.text += &format!("{line}\n"),
            }
        }
        diagnostics
    }

    fn add(&mut self, message: &Message) {
        let of_libraries =
            message.code.as_ref().is_some_and(|code| LIBRARIES.contains(&code.code.as_str()));
        let error = message.level == "error" && !message.spans.is_empty();
        self.has_place |= error && !of_libraries;
        if error {
            self.files.extend(message.spans.iter().map(|span| span.file_name.clone()));
        }
        self.text += message.rendered.as_deref().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_of_the_file_are_told_from_others() {
        let with_place =
            r#"{"level":"error","code":null,"spans":[{"line_start":1}],"rendered":"error: a\n"}"#;
        let without = r#"{"level":"error","code":null,"spans":[],"rendered":"error: b\n"}"#;
        let library =
            r#"{"level":"error","code":{"code":"E0514"},"spans":[{}],"rendered":"error: c\n"}"#;
        let warning = r#"{"level":"warning","code":null,"spans":[{}],"rendered":"warning: d\n"}"#;
        for (said, has_place) in [
            (vec![without, with_place], true),
            (vec![without, library, warning], false),
            (vec!["memory allocation of 7 bytes failed"], false),
        ] {
            let diagnostics = Diagnostics::parse(&said.join("\n"));
            assert_eq!(diagnostics.has_place, has_place, "{}", diagnostics.text);
        }
        let diagnostics = Diagnostics::parse(&format!("{without}\nsegmentation fault"));
        assert_eq!(diagnostics.text, "error: b\nsegmentation fault\n");
    }
}

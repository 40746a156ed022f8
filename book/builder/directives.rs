//! What chapters ask for in lines of their own: code, output, figures.
//!
//! Idea: a line `{{#code labs/src/lab_1.rs:set}}` is replaced by what it names,
//! and one that names nothing is an error with its chapter and line. Man pages
//! that prose cites become links on the way.

use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::errors::Result as MdbookResult;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::man::{self, Citations};
use crate::{BookError, Figures, Sources, course, html, snapshots};

/// All directives, as an error lists them.
const KNOWN: &str = "code FILE:ANCHOR, snapshot FILE, timeline FIGURE, schedule FIGURE, \
                     scheduler FIGURE, counts FIGURE, orders FIGURE, search FIGURE…, explored FIGURE, output FIGURE, exercises LAB, mistakes, course, man-pages";

/// Replaces the directives of all chapters.
pub struct Directives {
    sources: Sources,
    figures: Figures,
}

impl Directives {
    /// With code from `sources`, and `figures`.
    pub fn new(sources: Sources, figures: Figures) -> Self {
        Self { sources, figures }
    }

    /// `text`, the Markdown of `chapter`, with its directives replaced.
    ///
    /// # Errors
    /// [`BookError::At`]: what is wrong, and where.
    pub fn expand(
        &self,
        chapter: &str,
        text: &str,
        citations: &Citations,
    ) -> Result<String, BookError> {
        let mut expanded = String::with_capacity(text.len());
        for_each_line(text, |number, line, in_code| {
            let replaced = match directive(line) {
                Some((name, argument)) => self.replacement(line, name, argument, citations),
                None if line.contains("{{#") => Err(unknown(line)),
                None if in_code => Ok(line.to_owned()),
                None => man::with_links(line),
            };
            expanded.push_str(&replaced.map_err(|error| error.at(chapter, number))?);
            expanded.push('\n');
            Ok(())
        })?;
        Ok(expanded)
    }

    fn replacement(
        &self,
        line: &str,
        name: &str,
        argument: &str,
        citations: &Citations,
    ) -> Result<String, BookError> {
        match name {
            "code" => Ok(html::code(&self.sources.excerpt(argument)?)),
            "snapshot" => Ok(html::output(&snapshots::text(&self.sources, argument)?)),
            "timeline" => self.figures.timeline(argument),
            "schedule" => self.figures.schedule(argument),
            "scheduler" => self.figures.scheduler(argument),
            "counts" => self.figures.counts(argument),
            "orders" => self.figures.orders(argument),
            "explored" => self.figures.explored(argument),
            "search" => self.figures.search(argument),
            "output" => self.figures.output(argument),
            "exercises" => course::exercises_of(argument),
            "mistakes" => course::mistakes(&self.sources),
            "course" => Ok(course::exercises()),
            "man-pages" => Ok(citations.table()),
            _ => Err(unknown(line)),
        }
    }

    fn run_on(&self, book: &mut Book) -> Result<(), BookError> {
        let mut citations = Citations::default();
        for_each_chapter(&mut book.items, &mut |chapter| {
            let file = file_of(chapter);
            for_each_line(&chapter.content, |number, line, in_code| match in_code {
                true => Ok(()),
                false => citations
                    .note(line, (&chapter.name, &file))
                    .map_err(|error| error.at(&file, number)),
            })
        })?;
        for_each_chapter(&mut book.items, &mut |chapter| {
            chapter.content = self.expand(&file_of(chapter), &chapter.content, &citations)?;
            Ok(())
        })
    }
}

impl Preprocessor for Directives {
    fn name(&self) -> &str {
        "shmkv"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> MdbookResult<Book> {
        self.run_on(&mut book)?;
        Ok(book)
    }
}

fn file_of(chapter: &Chapter) -> String {
    chapter.path.as_ref().map_or_else(String::new, |path| path.display().to_string())
}

fn for_each_chapter(
    items: &mut [BookItem],
    act: &mut impl FnMut(&mut Chapter) -> Result<(), BookError>,
) -> Result<(), BookError> {
    for item in items {
        if let BookItem::Chapter(chapter) = item {
            act(chapter)?;
            for_each_chapter(&mut chapter.sub_items, act)?;
        }
    }
    Ok(())
}

/// Calls `act` with each line, its number from 1, and whether it is code.
fn for_each_line(
    text: &str,
    mut act: impl FnMut(usize, &str, bool) -> Result<(), BookError>,
) -> Result<(), BookError> {
    let mut in_code = false;
    for (i, line) in text.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        act(i + 1, line, in_code || fence)?;
        in_code ^= fence;
    }
    Ok(())
}

/// Name and argument of a line that is a directive.
fn directive(line: &str) -> Option<(&str, &str)> {
    let inner = line.trim().strip_prefix("{{#")?.strip_suffix("}}")?;
    let (name, argument) = inner.split_once(' ').unwrap_or((inner, ""));
    Some((name, argument.trim()))
}

fn unknown(line: &str) -> BookError {
    BookError::NoDirective { line: line.trim().to_owned(), known: KNOWN.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String, BookError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.c"), "// ANCHOR: x\nint x;\n// ANCHOR_END: x\n")
            .expect("a file");
        let directives = Directives::new(Sources::new(folder.path()), Figures::default());
        directives.expand("chapter.md", text, &Citations::default())
    }

    #[test]
    fn code_is_put_in_with_its_place() {
        let expanded = expand("before\n{{#code a.c:x}}\nafter").expect("a chapter");
        assert!(expanded.starts_with("before\n"), "{expanded}");
        assert!(expanded.contains("```c\nint x;\n```\n"), "{expanded}");
        assert!(expanded.contains("a.c, line 2"), "{expanded}");
    }

    #[test]
    fn citations_are_links_in_prose_only() {
        let expanded = expand("mmap(2)\n```c\nmmap(2)\n```\n").expect("a chapter");
        assert!(expanded.starts_with("[mmap(2)](https://"), "{expanded}");
        assert!(expanded.ends_with("```c\nmmap(2)\n```\n"), "{expanded}");
    }

    #[test]
    fn what_names_nothing_is_an_error_with_its_place() {
        for (line, message) in [
            (
                "{{#code a.c:y}}",
                "chapter.md, line 2: a.c has 0 lines \"ANCHOR: y\"; the book needs one",
            ),
            ("{{#timeline no}}", "chapter.md, line 2: there is no timeline called no"),
            ("{{#scheduler no}}", "chapter.md, line 2: there is no scheduler called no"),
            (
                "{{#include a.c}}",
                "chapter.md, line 2: \"{{#include a.c}}\" is no directive; there are code",
            ),
            ("See {{#code a.c}}.", "chapter.md, line 2: \"See {{#code a.c}}.\" is no directive"),
            ("nommap(2)", "chapter.md, line 2: nommap(2) is not in the list of man pages"),
        ] {
            let error = expand(&format!("\n{line}\n")).expect_err(line).to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}

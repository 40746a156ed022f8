//! The book's Markdown, as text for a terminal.
//!
//! Idea: a block at a time. Paragraphs and items are broken at the terminal's width,
//! code is not, and tables are the harness's.
//! Limits: links show their text only; HTML is left out.

use std::mem;

use console::Term;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use shmkv_harness::{Cell, TextTable};

use crate::screen::{Tone, whole_words};

/// The widest line, in characters.
const WIDEST: usize = 80;

/// The narrowest, however narrow the terminal is.
const NARROWEST: usize = 30;

/// By how much code is indented.
const CODE: &str = "    ";

/// How wide lines should be: as wide as the terminal, and no wider than is easy to read.
pub fn width() -> usize {
    let columns = Term::stdout().size_checked().map_or(WIDEST, |(_, columns)| columns.into());
    columns.clamp(NARROWEST, WIDEST)
}

/// The section of `chapter` below `heading`, up to the next one of its level, with its
/// line from 1.
pub fn section<'c>(chapter: &'c str, heading: &str) -> Option<(usize, &'c str)> {
    let mut found: Option<(usize, HeadingLevel)> = None;
    let mut reading: Option<(usize, HeadingLevel, String)> = None;
    for (event, range) in Parser::new(chapter).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => match found {
                Some((start, of)) if level <= of => {
                    return Some((line_at(chapter, start), &chapter[start..range.start]));
                }
                _ => reading = Some((range.start, level, String::new())),
            },
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, _, title)) = &mut reading {
                    *title += &text;
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let whole = reading.take().filter(|(_, _, title)| title == heading);
                found = found.or(whole.map(|(start, level, _)| (start, level)));
            }
            _ => {}
        }
    }
    found.map(|(start, _)| (line_at(chapter, start), &chapter[start..]))
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

/// What a page calls the place of `heading`.
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// `markdown` in lines of at most `width` characters, but for code, in the colours that
/// `paint` gives.
pub fn for_terminal(markdown: &str, width: usize, paint: &dyn Fn(Tone, &str) -> String) -> String {
    let mut page = Page {
        width,
        paint,
        text: String::new(),
        inline: String::new(),
        lists: Vec::new(),
        marker: None,
        in_code: false,
        row: Vec::new(),
        rows: Vec::new(),
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.take(event);
    }
    page.text
}

/// A page that is being made.
struct Page<'p> {
    width: usize,
    paint: &'p dyn Fn(Tone, &str) -> String,
    text: String,
    /// The block that is being read.
    inline: String,
    /// The lists that it is in, each with the number of its next item.
    lists: Vec<Option<u64>>,
    /// What stands before the block, where it is the first of an item.
    marker: Option<String>,
    in_code: bool,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Page<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.inline += &text,
            Event::Code(text) => self.inline += &format!("`{text}`"),
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.inline.push('\n'),
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.block();
                self.lists.push(*first);
            }
            Tag::Item => {
                let number = self.lists.last_mut().and_then(Option::as_mut);
                self.marker = Some(number.map_or("- ".into(), |number| {
                    *number += 1;
                    format!("{}. ", *number - 1)
                }));
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.in_code = true;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                let heading = mem::take(&mut self.inline);
                self.text += &(self.paint)(Tone::Name, &heading);
                self.text += "\n\n";
            }
            TagEnd::Paragraph => {
                self.block();
                self.text.push('\n');
            }
            TagEnd::Item => self.block(),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.gap();
                }
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                let code = mem::take(&mut self.inline);
                self.text += &textwrap::indent(&code, CODE);
                self.gap();
            }
            TagEnd::TableCell => self.row.push(mem::take(&mut self.inline)),
            TagEnd::TableHead | TagEnd::TableRow => self.rows.push(mem::take(&mut self.row)),
            TagEnd::Table => self.table(),
            _ => {}
        }
    }

    /// Writes the block that was read.
    fn block(&mut self) {
        let block = mem::take(&mut self.inline);
        if block.trim().is_empty() {
            return;
        }
        let depth = self.lists.len().saturating_sub(1);
        let item = self.lists.last().map_or(0, |number| number.map_or(2, |_| 3));
        let indent = " ".repeat(3 * depth);
        let rest = format!("{indent}{:item$}", "");
        let first = self.marker.take().map_or(rest.clone(), |marker| indent + &marker);
        let lines = whole_words(self.width).initial_indent(&first).subsequent_indent(&rest);
        self.text += &textwrap::fill(block.trim(), lines);
        self.text.push('\n');
    }

    /// Ends with an empty line, and with no more than one.
    fn gap(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn table(&mut self) {
        let mut rows = mem::take(&mut self.rows).into_iter();
        let mut table = TextTable::new(rows.next().unwrap_or_default().into_iter().map(Cell::text));
        rows.for_each(|row| table.row(row.into_iter().map(Cell::text)));
        self.text += &table.render(false);
        self.gap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, width: usize) -> String {
        for_terminal(markdown, width, &|_, text| text.to_owned())
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level() {
        let chapter = "# A\n\n## On `b`\n\nb\n\n### Below\n\nc\n\n## D\n\n```\n## On `b`\n```\n";
        assert_eq!(section(chapter, "On b"), Some((3, "## On `b`\n\nb\n\n### Below\n\nc\n\n")));
        assert_eq!(section(chapter, "Below"), Some((7, "### Below\n\nc\n\n")));
        assert_eq!(section(chapter, "E"), None);
        assert_eq!(anchor("Check, unlock, act"), "check-unlock-act");
    }

    #[test]
    fn blocks_are_broken_and_code_is_not() {
        let shown = plain(
            "## Head\n\nOne two [three](x.md) *four* `fn five`.\n\n```rust\nlet long_line = 1234567890;\n```\n\nEnd.",
            16,
        );
        let expected =
            "Head\n\nOne two three\nfour `fn five`.\n\n    let long_line = 1234567890;\n\nEnd.\n\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn lists_are_indented_and_numbered() {
        let shown = plain("- one two three\n- four\n\n1. a\n   - b\n2. c\n\nEnd.", 12);
        assert_eq!(shown, "- one two\n  three\n- four\n\n1. a\n   - b\n2. c\n\nEnd.\n\n");
    }

    #[test]
    fn tables_have_columns() {
        let shown = plain("| a | b |\n|---|---|\n| long | c |\n\nEnd.", 80);
        assert_eq!(shown, "a     b\nlong  c\n\nEnd.\n\n");
    }
}

//! Tables and colours for terminals.
//!
//! Idea: columns as wide as their widest cell, numbers to the right, colour
//! only where it is wanted, so that the same text serves terminals and files.
//! A table that is too wide breaks the lines of its text cells, if it fits then.
//! Limits: width is counted in characters, which is wrong for double-width ones.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

use crate::scenario::Grade;
use crate::verdict::Verdict;

const GAP: &str = "  ";

/// How wide text is where it goes to no terminal, in characters.
pub const COLUMNS: usize = 80;

/// How narrow a column of text may become, so that the table is not too wide.
const NARROWEST: usize = 16;

/// Whether to use colour on `stream`: it is a terminal that can, and
/// `NO_COLOR` is not set (<https://no-color.org>).
pub fn colour_on(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && anstyle_query::term_supports_color() && !anstyle_query::no_color()
}

/// A table of aligned columns under a line of headings.
#[derive(Clone, Debug, Default)]
pub struct TextTable {
    heads: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// One cell of a [`TextTable`].
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    right: bool,
    style: Style,
}

impl Cell {
    /// Text, to the left.
    pub fn text(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), ..Self::default() }
    }

    /// Text, to the right.
    pub fn right(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), right: true, ..Self::default() }
    }

    /// A number, to the right, its thousands set apart.
    pub fn count(number: u64) -> Self {
        Self::right(thousands(number))
    }

    /// The same in this style, where colour is wanted.
    #[must_use]
    pub fn styled(mut self, style: impl Into<Style>) -> Self {
        self.style = style.into();
        self
    }
}

impl TextTable {
    /// A table without rows. A heading is aligned as its cell says.
    pub fn new(heads: impl IntoIterator<Item = Cell>) -> Self {
        let heads = heads.into_iter().map(|cell| cell.styled(Style::new().bold()));
        Self { heads: heads.collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines of at most [`COLUMNS`] characters; see
    /// [`render_within`](Self::render_within).
    pub fn render(&self, colour: bool) -> String {
        self.render_within(COLUMNS, colour)
    }

    /// The table as lines, each ended. Where they would have more characters than
    /// there are `columns`, text is broken: in the last column of text first.
    pub fn render_within(&self, columns: usize, colour: bool) -> String {
        let widths = self.widths(columns);
        let rows = std::iter::once(&self.heads).chain(&self.rows);
        rows.flat_map(|row| broken(row, &widths))
            .map(|line| render_line(&line, &widths, colour))
            .collect()
    }

    /// The width of each column, where there are so many `columns` in all.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths = Vec::new();
        let mut is_text = Vec::new();
        for row in std::iter::once(&self.heads).chain(&self.rows) {
            for (column, cell) in row.iter().enumerate() {
                widths.resize(widths.len().max(column + 1), 0);
                is_text.resize(widths.len(), false);
                widths[column] = widths[column].max(cell.text.chars().count());
                is_text[column] |= !cell.right;
            }
        }
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(columns);
        let mut narrowed = widths.clone();
        let texts = narrowed.iter_mut().zip(is_text).filter(|(_, is_text)| *is_text);
        for (width, _) in texts.rev() {
            let cut = excess.min(width.saturating_sub(NARROWEST));
            *width -= cut;
            excess -= cut;
        }
        // Where numbers alone are too wide, broken text would not help.
        if excess == 0 { narrowed } else { widths }
    }
}

/// A row as lines, in which no cell is wider than its column.
fn broken(row: &[Cell], widths: &[usize]) -> Vec<Vec<Cell>> {
    let cells: Vec<Vec<Cow<'_, str>>> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| match cell.text.chars().count() <= *width {
            true => vec![Cow::from(&cell.text)],
            false => textwrap::wrap(&cell.text, *width),
        })
        .collect();
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
    let line = |number: usize| {
        let texts = cells.iter().map(|lines| lines.get(number).map_or("", |text| text));
        let cells = row.iter().zip(texts);
        cells.map(|(cell, text)| Cell { text: text.to_owned(), ..*cell }).collect()
    };
    (0..lines).map(line).collect()
}

/// One line of a table, whose cells fit their columns.
fn render_line(cells: &[Cell], widths: &[usize], colour: bool) -> String {
    let mut line = String::new();
    let mut owed = 0;
    for (number, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let padding = width - cell.text.chars().count();
        // Padding is written when more text follows: no line ends in blanks.
        owed += if number == 0 { 0 } else { GAP.len() } + if cell.right { padding } else { 0 };
        if !cell.text.is_empty() {
            line.extend(std::iter::repeat_n(' ', owed));
            line.push_str(&paint(&cell.text, cell.style, colour));
            owed = 0;
        }
        owed += if cell.right { 0 } else { padding };
    }
    line.push('\n');
    line
}

/// `text` in `style` where `colour` is wanted.
pub(crate) fn paint(text: &str, style: Style, colour: bool) -> String {
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// The style of an outcome so graded.
pub(crate) fn grade_style(grade: Grade) -> Style {
    match grade {
        Grade::Acceptable => AnsiColor::Green,
        Grade::Interesting => AnsiColor::Yellow,
        Grade::Forbidden => AnsiColor::Red,
    }
    .on_default()
}

/// The style of a verdict.
pub(crate) fn verdict_style(verdict: &Verdict) -> Style {
    let colour = if verdict.held() { AnsiColor::Green } else { AnsiColor::Red };
    colour.on_default().bold()
}

/// `text` in lines of at most [`COLUMNS`] characters, of which all but the first begin with
/// `indent`. The last line is not ended.
pub fn in_lines(text: &str, indent: &str) -> String {
    textwrap::fill(text, textwrap::Options::new(COLUMNS).subsequent_indent(indent))
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share from 0 to 1 as per cent; never 0 for what was seen, nor 100 for what
/// was not always seen.
pub fn per_cent(share: f64) -> String {
    let mut text = String::new();
    let written = match share * 100.0 {
        share if share > 0.0 && share < 0.01 => write!(text, "< 0.01 %"),
        share if share < 100.0 && share > 99.99 => write!(text, "> 99.99 %"),
        share => write!(text, "{share:.2} %"),
    };
    debug_assert!(written.is_ok(), "writing to a string");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TextTable {
        let mut table =
            TextTable::new([Cell::text("outcome"), Cell::right("count"), Cell::text("why")]);
        table.row([Cell::text("a"), Cell::count(12_345), Cell::text("")]);
        table.row([Cell::text("longer one"), Cell::count(1), Cell::text("because")]);
        table
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_blanks() {
        assert_eq!(
            table().render(false),
            "outcome      count  why\n\
             a           12,345\n\
             longer one       1  because\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let long = "slot 0 holds words \"by 0\" and \"by 1\", and no writer wrote both of them";
        let mut table = table();
        table.row([Cell::text("short"), Cell::count(2), Cell::text(long)]);
        assert_eq!(
            table.render(false),
            "outcome      count  why\n\
             a           12,345\n\
             longer one       1  because\n\
             short            2  slot 0 holds words \"by 0\" and \"by 1\", and no writer wrote\n                    \
             both of them\n"
        );
        table.row([Cell::text(long), Cell::count(3), Cell::text("a".repeat(100))]);
        for columns in [60, 80, 120] {
            for line in table.render_within(columns, false).lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn colour_adds_codes_and_changes_no_text() {
        let mut table = table();
        table.row([Cell::text("red").styled(AnsiColor::Red.on_default())]);
        let coloured = table.render(true);
        assert!(coloured.contains("\u{1b}[31mred\u{1b}[0m"), "{coloured:?}");
        assert!(!table.render(false).contains('\u{1b}'));
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in
            [(0u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn share_is_not_rounded_to_never_or_always() {
        for (share, text) in [
            (0.0, "0.00 %"),
            (1e-6, "< 0.01 %"),
            (0.5, "50.00 %"),
            (0.999_999, "> 99.99 %"),
            (1.0, "100.00 %"),
        ] {
            assert_eq!(per_cent(share), text);
        }
    }
}

//! Text for a terminal, and for what is none.
//!
//! Idea: colour and a cleared screen are for people who look. Whoever reads from a file
//! or a pipe, sets `NO_COLOR`, or has a terminal that is `dumb` gets the same words
//! without any escape sequence.
//! Source: no-color.org.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

/// Begins a new screen: erases all, and goes to its first place.
const NEW_SCREEN: &str = "\x1b[2J\x1b[H";

/// The width of a bar, in characters.
const BAR: usize = 23;

/// Where output goes, and whether with escape sequences.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    escapes: bool,
}

/// What a text is, which decides its colour.
#[derive(Clone, Copy, Debug)]
pub enum Tone {
    /// It passed.
    Good,
    /// It failed.
    Bad,
    /// It is a name, or a line to type.
    Name,
    /// It is said by the way.
    Quiet,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Name => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
        }
    }
}

impl<'a> Screen<'a> {
    /// One that writes to `out`, which knows escape sequences or does not.
    pub fn new(out: &'a mut dyn Write, escapes: bool) -> Self {
        Self { out, escapes }
    }

    /// `text`, coloured as what it is.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let style = tone.style();
        if self.escapes { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Whether output is coloured.
    pub fn is_coloured(&self) -> bool {
        self.escapes
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Writes `text` with `indent` blanks before each line.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn indented(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let line = format!("{:indent$}{line}", "");
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Begins a new screen, where there is one.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn clear(&mut self) -> io::Result<()> {
        if self.escapes {
            write!(self.out, "{NEW_SCREEN}")?;
        }
        self.flush()
    }

    /// Shows what was written so far.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `done` of `all` as a bar.
pub fn bar(done: usize, all: usize) -> String {
    let full = (done * BAR).checked_div(all).unwrap_or(0);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}

/// `text` in lines of at most `width` characters, broken at blanks.
pub fn wrap(text: &str, width: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    textwrap::fill(&words.join(" "), whole_words(width))
}

/// Lines of at most `width` characters; names and paths stay whole.
pub fn whole_words<'a>(width: usize) -> Options<'a> {
    Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_is_as_full_as_it_should_be() {
        assert_eq!(bar(0, 23), "[-----------------------]");
        assert_eq!(bar(4, 23), "[####-------------------]");
        assert_eq!(bar(23, 23), "[#######################]");
        assert_eq!(bar(0, 0), "[-----------------------]");
    }

    #[test]
    fn text_is_wrapped_at_blanks_only() {
        assert_eq!(wrap("a bc  def\nghi", 6), "a bc\ndef\nghi");
        assert_eq!(wrap("longer-than-that", 6), "longer-than-that");
    }

    #[test]
    fn colour_is_added_only_where_wanted() {
        let mut out = Vec::new();
        let screen = Screen::new(&mut out, false);
        assert_eq!(screen.paint(Tone::Bad, "x"), "x");
        let screen = Screen::new(&mut out, true);
        assert_eq!(screen.paint(Tone::Bad, "x"), "\u{1b}[1m\u{1b}[31mx\u{1b}[0m");
    }
}

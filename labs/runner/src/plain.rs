//! What comes from an answer, as text that does nothing to a terminal.
//!
//! Idea: an answer chooses names, messages and what it prints. Escape sequences in
//! them could move the cursor, set the title, or forge a verdict; marks of direction
//! could turn a line round. They are shown as Rust writes them: `\u{1b}`.
//! Source: ECMA-48; "Trojan Source", CVE-2021-42574.

/// `text` without what controls a terminal; its lines stay lines.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => plain.push('\n'),
            '\t' => plain.push_str("    "),
            _ if controls(character) => plain.extend(character.escape_unicode()),
            _ => plain.push(character),
        }
    }
    plain
}

/// As [`plain`]; what only sets colours stays.
pub fn plain_but_coloured(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(start) = rest.find("\u{1b}[") {
        let (before, sequence) = rest.split_at(start);
        kept += &plain(before);
        let length = colour_length(sequence).unwrap_or(0);
        kept += &sequence[..length];
        // What is no colour is a control character like others.
        let next = if length == 0 { 1 } else { length };
        kept += &plain(&sequence[length..next]);
        rest = &sequence[next..];
    }
    kept + &plain(rest)
}

/// The length of the sequence at the beginning of `text`, if it sets colours.
fn colour_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

fn controls(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(
            plain("a\tb\n\u{1b}[31mc\u{9b}\u{202e}é"),
            "a    b\n\\u{1b}[31mc\\u{9b}\\u{202e}é"
        );
    }

    #[test]
    fn only_colours_are_kept_where_colours_are() {
        assert_eq!(plain_but_coloured("\u{1b}[1;31mred\u{1b}[0m"), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(plain_but_coloured("\u{1b}[2J\u{1b}]0;x\u{7}"), "\\u{1b}[2J\\u{1b}]0;x\\u{7}");
        assert_eq!(plain_but_coloured("\u{1b}[1"), "\\u{1b}[1");
    }
}

//! What programs print, made comparable between runs.
//!
//! Idea: numbers vary, and with them the width of columns, and where a line is
//! broken that would be too wide. Everything else has to be the same.

/// What begins with more blanks than this goes on with the line before it.
const INDENTED: usize = 10;

/// `text` with each number as `#`, and each gap between columns as two blanks. Lines
/// that were broken are joined.
pub fn redacted(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let indented = line.len() - line.trim_start_matches(' ').len() > INDENTED;
        match lines.last_mut() {
            Some(last) if indented => *last += &format!(" {}", redacted_line(line.trim_start())),
            _ => lines.push(redacted_line(line)),
        }
    }
    lines.join("\n")
}

fn redacted_line(line: &str) -> String {
    let mut redacted = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let (length, put) = if next.is_ascii_digit() {
            (number_at(rest), "#")
        } else if rest.starts_with("  ") {
            (rest.len() - rest.trim_start_matches(' ').len(), "  ")
        } else {
            (next.len_utf8(), &rest[..next.len_utf8()])
        };
        redacted.push_str(put);
        rest = &rest[length..];
    }
    redacted
}

/// How many bytes of `text`, which begins with a digit, are one number.
fn number_at(text: &str) -> usize {
    let mut end = 0;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let digit_follows = bytes.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        match byte {
            b'0'..=b'9' => end = at + 1,
            b',' | b'.' if digit_follows => {}
            _ => break,
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_lines_are_joined() {
        let text = "name  12  what was\n            found in 3\n   1  a step";
        assert_eq!(redacted(text), "name  #  what was found in #\n  #  a step");
    }

    #[test]
    fn numbers_and_gaps_are_made_alike() {
        let text = "rounds      failed\n 1,234          5.\nslot 1 has 0.25, and \"0012\"  x";
        assert_eq!(redacted(text), "rounds  failed\n #  #.\nslot # has #, and \"#\"  x");
    }
}

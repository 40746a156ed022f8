//! Bytes and pairs as people and programs read them.

use std::str::Utf8Chunk;

use serde_json::{Value, json};
use shmkv::{Entry, Snapshot};
use shmkv_harness::{Cell, TextTable};

/// Bytes as text in which what is not UTF-8, or would steer a terminal, is escaped,
/// as `\x1b`. Where there is such a thing, a backslash is doubled.
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(steers) => text.to_owned(),
        _ => bytes.utf8_chunks().map(escaped).collect(),
    }
}

/// Whether a terminal does something else with it than to show it: control
/// characters, and those that turn the direction of what follows.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(chunk: Utf8Chunk<'_>) -> String {
    let mut text = String::new();
    for c in chunk.valid().chars() {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii_control() || byte == b'\\' => {
                text.extend(byte.escape_ascii().map(char::from));
            }
            _ if steers(c) => text.extend(c.escape_unicode()),
            _ => text.push(c),
        }
    }
    text + &chunk.invalid().escape_ascii().to_string()
}

/// Bytes as JSON: a string; where they are not UTF-8, an object with the escaped
/// text, so that the two cannot be taken for one another.
pub fn json_text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "escaped": bytes.escape_ascii().to_string() }),
    }
}

/// One pair as JSON.
pub fn json_entry(entry: &Entry) -> Value {
    json!({
        "slot": entry.slot,
        "key": json_text(&entry.key),
        "value": json_text(&entry.value),
        "timestamp": entry.timestamp,
    })
}

/// A whole table as JSON.
pub fn json_snapshot(snapshot: &Snapshot) -> Value {
    let entries: Vec<Value> = snapshot.entries.iter().map(json_entry).collect();
    json!({ "version": snapshot.version, "entry_count": entries.len(), "entries": entries })
}

/// A whole table for people.
pub fn snapshot_table(snapshot: &Snapshot) -> TextTable {
    let heads = [Cell::right("slot"), Cell::text("key"), Cell::text("value")];
    let mut table = TextTable::new(heads);
    for entry in &snapshot.entries {
        let (key, value) = (text(&entry.key), text(&entry.value));
        table.row([Cell::right(entry.slot), Cell::text(key), Cell::text(value)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_escaped_and_nothing_else() {
        assert_eq!(text("New York, Zürich".as_bytes()), "New York, Zürich");
        assert_eq!(text(br"C:\new"), r"C:\new");
        assert_eq!(text(b"\x1b[2J"), r"\x1b[2J");
        assert_eq!(text("Zürich\t\u{9b}2J".as_bytes()), r"Zürich\t\u{9b}2J");
        assert_eq!(text(b"\xff\xfe\xc3\xa9"), r"\xff\xfeé");
        assert_eq!(text(b"C:\\\x07"), r"C:\\\x07");
        // The rest of the line would be shown from right to left.
        assert_eq!(text("a\u{202e}b".as_bytes()), r"a\u{202e}b");
    }

    #[test]
    fn json_tells_text_from_bytes() {
        assert_eq!(json_text(b"\xff"), json!({ "escaped": r"\xff" }));
        assert_eq!(json_text(br"\xff"), json!(r"\xff"));
    }
}

//! Bytes and pairs as people and programs read them.

use serde_json::{Value, json};
use shmkv::{Entry, Snapshot};
use shmkv_harness::{Cell, TextTable};

/// Bytes as text; where they are not UTF-8, or would steer a terminal, escaped
/// as `\x1b`.
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
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
    fn bytes_that_would_steer_a_terminal_are_escaped() {
        assert_eq!(text("New York, Zürich".as_bytes()), "New York, Zürich");
        assert_eq!(text(b"\x1b[2J"), r"\x1b[2J");
        assert_eq!(text(b"\xff\xfe"), r"\xff\xfe");
        assert_eq!(json_text(b"\xff"), json!({ "escaped": r"\xff" }));
        assert_eq!(json_text(br"\xff"), json!(r"\xff"));
    }
}

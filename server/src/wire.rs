//! What goes over the wire: JSON, in which not everything is text.
//!
//! Idea: keys and values are bytes. Those that are UTF-8 go as they are; others
//! go in base64, with a flag beside them that says so. The flag is left out
//! where it is not needed, so clients that know nothing of it see plain text.
//! Source: RFC 4648, section 4: the standard alphabet, padded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use shmkv::{Entry, Snapshot};
use utoipa::ToSchema;

use crate::problem::Fault;
use crate::request::{Field, Form};

/// For serde: leave out a flag that is not set.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
pub fn is_unset(flag: &bool) -> bool {
    !flag
}

/// Bytes as JSON shows them: text, and whether it is base64.
pub fn show(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(bytes), true),
    }
}

/// Bytes that JSON shows as `text`, in the field `name`.
///
/// # Errors
/// Where `text` was to be base64 and is not.
pub fn read(name: &'static str, text: String, base64: bool) -> Result<Vec<u8>, Fault> {
    if !base64 {
        return Ok(text.into_bytes());
    }
    STANDARD
        .decode(text)
        .map_err(|error| Fault::value(["body", name], format!("the {name} is not base64: {error}")))
}

/// A key and its value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pair {
    /// The key: 1 to 63 bytes, without a NUL.
    #[schema(example = "city", min_length = 1, max_length = 63, pattern = "^[^\\u0000]*$")]
    pub key: String,
    /// `key` is base64, because it is not UTF-8. Left out otherwise.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub key_base64: bool,
    /// The value: at most 255 bytes, without a NUL.
    #[schema(example = "New York", max_length = 255, pattern = "^[^\\u0000]*$")]
    pub value: String,
    /// `value` is base64, because it is not UTF-8. Left out otherwise.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub value_base64: bool,
}

impl Pair {
    /// As JSON shows this pair.
    pub fn new(key: &[u8], value: &[u8]) -> Self {
        let (key, key_base64) = show(key);
        let (value, value_base64) = show(value);
        Self { key, key_base64, value, value_base64 }
    }

    /// The bytes of key and value.
    ///
    /// # Errors
    /// Where one was to be base64 and is not.
    pub fn into_bytes(self) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let key = read("key", self.key, self.key_base64)?;
        Ok((key, read("value", self.value, self.value_base64)?))
    }
}

impl Form for Pair {
    const FIELDS: &'static [Field] = &[
        Field::text("key"),
        Field::flag("key_base64"),
        Field::text("value"),
        Field::flag("value_base64"),
    ];
}

/// A value to be set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewValue {
    /// The value: at most 255 bytes, without a NUL.
    #[schema(example = "New York", max_length = 255, pattern = "^[^\\u0000]*$")]
    pub value: String,
    /// `value` is base64, for bytes that are not UTF-8.
    #[serde(default)]
    pub value_base64: bool,
}

impl Form for NewValue {
    const FIELDS: &'static [Field] = &[Field::text("value"), Field::flag("value_base64")];
}

/// A pair as it lies in the table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// The pair.
    #[serde(flatten)]
    pub pair: Pair,
    /// When it was last set, in seconds since 1970.
    #[schema(example = 1_760_000_000)]
    pub timestamp: i64,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        let pair = Pair::new(&entry.key, &entry.value);
        Self { pair, timestamp: entry.timestamp }
    }
}

/// The whole table, at one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// Counts changes, modulo 2³².
    #[schema(example = 8, format = "uint32")]
    pub version: u32,
    /// Occupied slots.
    #[schema(example = 1, minimum = 0, maximum = 10)]
    pub entry_count: usize,
    /// All slots.
    #[schema(example = 10)]
    pub max_entries: usize,
    /// The pairs, by slot.
    pub entries: Vec<EntryView>,
}

impl From<&Snapshot> for Status {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            version: snapshot.version,
            entry_count: snapshot.entries.len(),
            max_entries: shmkv::CAPACITY,
            entries: snapshot.entries.iter().map(EntryView::from).collect(),
        }
    }
}

/// A change that was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Done {
    /// Always true; failures have another status and a `detail`.
    pub success: bool,
    /// A sentence.
    #[schema(example = "Key 'city' set successfully")]
    pub message: String,
}

impl Done {
    /// Says that `key` was `verb`ed.
    pub fn new(key: &[u8], verb: &str) -> Self {
        let key = String::from_utf8_lossy(key);
        Self { success: true, message: format!("Key '{key}' {verb} successfully") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_as_it_is_and_without_flags() {
        let json = serde_json::to_string(&Pair::new(b"city", "Zürich".as_bytes())).unwrap();
        assert_eq!(json, r#"{"key":"city","value":"Zürich"}"#);
    }

    #[test]
    fn bytes_go_in_base64_and_come_back() {
        let pair = Pair::new(b"k", b"cut: \xc3");
        let json = serde_json::to_string(&pair).unwrap();
        assert_eq!(json, r#"{"key":"k","value":"Y3V0OiDD","value_base64":true}"#);
        assert_eq!(pair.into_bytes().unwrap(), (b"k".to_vec(), b"cut: \xc3".to_vec()));
    }

    #[test]
    fn text_that_looks_like_base64_stays_text() {
        let pair = Pair::new(b"k", b"Y3V0OiDD");
        assert!(!pair.value_base64);
        assert_eq!(pair.into_bytes().unwrap().1, b"Y3V0OiDD");
    }

    #[test]
    fn wrong_base64_is_told() {
        let fault = read("value", "no!".into(), true).unwrap_err();
        assert!(fault.msg.starts_with("the value is not base64"), "{fault:?}");
    }
}

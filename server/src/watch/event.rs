//! Events as they go over the wire, and their ids.
//!
//! Idea: an event is written out once, however many follow. Its id names the
//! version and the object: after a segment was made anew, the same version means
//! another table.
//! Source: HTML standard, "Server-sent events".

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;
use shmkv::Snapshot;

use super::{Change, ChangeView};
use crate::wire::Status;

/// `VERSION@INODE`: a version of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    /// The version.
    pub version: u32,
    /// The object; `None`, in what a client sends, means the present one.
    pub object: Option<u64>,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.object {
            Some(object) => write!(f, "{}@{object}", self.version),
            None => write!(f, "{}", self.version),
        }
    }
}

impl FromStr for EventId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (version, object) = match text.split_once('@') {
            Some((version, object)) => (version, Some(object.parse()?)),
            None => (text, None),
        };
        Ok(Self { version: version.parse()?, object })
    }
}

/// An event, written out.
#[derive(Clone, Debug)]
pub struct Event {
    /// The first version that it tells of.
    pub from: u32,
    /// The last.
    pub version: u32,
    /// What goes over the wire.
    pub bytes: Bytes,
}

impl Event {
    /// A change of `object`.
    pub fn change(change: &Change, object: u64) -> Self {
        let id = EventId { version: change.version, object: Some(object) };
        let bytes = write("change", Some(id), &ChangeView::from(change));
        Self { from: change.from, version: change.version, bytes }
    }
}

/// The whole table.
pub fn snapshot(snapshot: &Snapshot, object: u64) -> Bytes {
    let id = EventId { version: snapshot.version, object: Some(object) };
    write("snapshot", Some(id), &Status::from(snapshot))
}

/// No store is open any more.
pub fn gone(detail: String) -> Bytes {
    write("gone", None, &crate::problem::Detail { detail })
}

/// An event of this name. JSON has no line breaks, so one line of data is enough.
pub fn write(name: &str, id: Option<EventId>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("these types have text keys");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_read_back() {
        let id = EventId { version: u32::MAX, object: Some(u64::MAX) };
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("12".parse(), Ok(EventId { version: 12, object: None }));
        for text in ["", "@", "12@", "x", "-1", "4294967296"] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    #[test]
    fn text_with_line_breaks_stays_on_one_line() {
        let bytes = write("change", None, &"a\nb\r\nc");
        assert_eq!(bytes, "event: change\ndata: \"a\\nb\\r\\nc\"\n\n");
    }
}

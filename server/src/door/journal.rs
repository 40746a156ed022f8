//! The changes that this server has made, until they have been told.
//!
//! Idea: reading the table shows its state, not the changes that led there. We know
//! each change of our own, so followers are told these one by one, however quickly
//! they came.
//! Limits: it keeps the last [`LIMIT`] changes. Older ones that nobody has fetched
//! are treated as another process's.

use std::collections::VecDeque;

/// Notes that are kept.
const LIMIT: usize = 4096;

/// A change that this server has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The version of the table with it.
    pub version: u32,
    /// The key.
    pub key: Vec<u8>,
    /// The slot.
    pub slot: usize,
    /// What happened to it.
    pub what: What,
}

/// What a change does to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It has this value now.
    Set {
        /// The value.
        value: Vec<u8>,
        /// In seconds since 1970.
        timestamp: i64,
    },
    /// It is gone.
    Delete,
}

/// Notes, by version.
#[derive(Default)]
pub struct Journal(VecDeque<Note>);

impl Journal {
    /// Adds the latest change.
    pub fn note(&mut self, note: Note) {
        if self.0.len() == LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(note);
    }

    /// Takes all notes out.
    pub fn take(&mut self) -> Vec<Note> {
        self.0.drain(..).collect()
    }
}

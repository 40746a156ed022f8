//! What may be a key, and what a value.
//!
//! Idea: checked before the lock is taken, and nothing is ever cut: a text that
//! does not fit is an error with both numbers.

use super::StoreError;
use crate::layout::{KEY_SIZE, VALUE_SIZE};

/// Bytes of the longest key.
pub const KEY_LIMIT: usize = KEY_SIZE - 1;

/// Bytes of the longest value.
pub const VALUE_LIMIT: usize = VALUE_SIZE - 1;

/// Checks that `key` can be one: 1 to 63 bytes, none of them NUL.
pub(super) fn check_key(key: &[u8]) -> Result<(), StoreError> {
    if key.is_empty() {
        return Err(StoreError::EmptyKey);
    }
    if key.len() > KEY_LIMIT {
        return Err(StoreError::KeyTooLong { found: key.len(), limit: KEY_LIMIT });
    }
    match nul_in(key) {
        Some(at) => Err(StoreError::NulInKey { at }),
        None => Ok(()),
    }
}

/// Checks that `value` can be one: 0 to 255 bytes, none of them NUL.
pub(super) fn check_value(value: &[u8]) -> Result<(), StoreError> {
    if value.len() > VALUE_LIMIT {
        return Err(StoreError::ValueTooLong { found: value.len(), limit: VALUE_LIMIT });
    }
    match nul_in(value) {
        Some(at) => Err(StoreError::NulInValue { at }),
        None => Ok(()),
    }
}

fn nul_in(bytes: &[u8]) -> Option<usize> {
    // Nearly always there is none, and `contains` looks at a word at a time.
    if !bytes.contains(&0) {
        return None;
    }
    bytes.iter().position(|byte| *byte == 0)
}

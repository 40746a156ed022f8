//! The core crate's types as shared types, with the names of their fields.
//!
//! Source: the layout of [`Table`] is fixed by the C programs that use it; that
//! of `sem_t` is glibc's, on 64-bit machines.

use std::mem::offset_of;
use std::sync::atomic::{AtomicI64, AtomicU32};

use shmkv::{CAPACITY, KEY_SIZE, Semaphore, Slot, Table, Text, Trailer, VALUE_SIZE};

use crate::shared::describe_as;
use crate::{Field, Kind, Shared};

// SAFETY: `Semaphore` is a row of atomics, laid out as glibc's `sem_t`.
unsafe impl Shared for Semaphore {
    /// glibc's 64-bit `sem_t` starts with one 64-bit word: the value in its low
    /// half, which is the futex word, and the number of waiters in its high half.
    /// Behind it stands the flag by which glibc knows that processes share it.
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        for (part, at) in [("value", 0), ("waiters", 4), ("shared", 8)] {
            fields.push(Field {
                name: format!("{name}.{part}"),
                offset: offset + at,
                size: 4,
                element: 4,
                kind: Kind::Unsigned,
            });
        }
    }
}

// SAFETY: a row of atomic words.
unsafe impl<const WORDS: usize> Shared for Text<WORDS> {
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        let size = size_of::<Self>();
        fields.push(Field { name: name.into(), offset, size, element: 1, kind: Kind::Text });
    }
}

/// Describes fields of `Self`, each given as its name and its type.
macro_rules! fields {
    ($name:ident, $offset:ident, $fields:ident: $($field:ident: $type:ty),+) => {$(
        let at = $offset + offset_of!(Self, $field);
        describe_as::<$type>(false, $name, stringify!($field), at, $fields);
    )+};
}

// SAFETY: all fields are `Shared`, and all its bytes belong to fields.
unsafe impl Shared for Slot {
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        fields!(name, offset, fields:
            key: Text<{ KEY_SIZE / 8 }>,
            value: Text<{ VALUE_SIZE / 8 }>,
            timestamp: AtomicI64
        );
    }
}

// SAFETY: as for `Slot`.
unsafe impl Shared for Table {
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        fields!(name, offset, fields:
            slots: [Slot; CAPACITY],
            sem: Semaphore,
            version: AtomicU32,
            entry_count: AtomicU32
        );
    }
}

// SAFETY: all fields are atomics, and all its bytes belong to fields.
unsafe impl Shared for Trailer {
    /// The undo record is 280 bytes of words; what else is behind a table is not
    /// touched where processes cannot be told apart, as in a simulation.
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        let mut add = |part: &str, at, size, element, kind| {
            let name = format!("{name}.{part}");
            fields.push(Field { name, offset: offset + at, size, element, kind });
        };
        add("awaited", 0, 4, 4, Kind::Unsigned);
        add("undo.armed", 8, 4, 4, Kind::Unsigned);
        add("undo.version", 12, 4, 4, Kind::Unsigned);
        add("undo.timestamp", 16, 8, 8, Kind::Signed);
        add("undo.key", 24, 8, 1, Kind::Text);
        add("undo.value", 32, VALUE_SIZE, 1, Kind::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields_of;

    /// The numbers are those of the C header: a slot has 328 bytes.
    #[test]
    fn table_fields_have_the_names_and_places_of_the_c_header() {
        let mut expected = Vec::new();
        for slot in 0..10 {
            let start = slot * 328;
            expected.push((format!("slots[{slot}].key"), start, 64, Kind::Text));
            expected.push((format!("slots[{slot}].value"), start + 64, 256, Kind::Text));
            expected.push((format!("slots[{slot}].timestamp"), start + 320, 8, Kind::Signed));
        }
        expected.push(("sem.value".into(), 3280, 4, Kind::Unsigned));
        expected.push(("sem.waiters".into(), 3284, 4, Kind::Unsigned));
        expected.push(("sem.shared".into(), 3288, 4, Kind::Unsigned));
        expected.push(("version".into(), 3312, 4, Kind::Unsigned));
        expected.push(("entry_count".into(), 3316, 4, Kind::Unsigned));

        let found: Vec<_> = fields_of::<Table>()
            .into_iter()
            .map(|field| (field.name, field.offset, field.size, field.kind))
            .collect();
        assert_eq!(found, expected);
    }
}

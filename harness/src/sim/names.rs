//! The names of byte ranges, and values as text.

use crate::{Field, Kind, Shared, fields_of};

/// What the shared state itself is called.
const WHOLE: &str = "state";

/// The fields of a shared type.
#[derive(Clone, Debug)]
pub struct Names {
    fields: Vec<Field>,
}

impl Names {
    /// Those that `T` describes.
    pub fn of<T: Shared>() -> Self {
        let mut fields = fields_of::<T>();
        // A state that is one number, one array or one object has no name of its own.
        for field in &mut fields {
            if field.name.is_empty() || field.name.starts_with(['.', '[']) {
                field.name.insert_str(0, WHOLE);
            }
        }
        Self { fields }
    }

    /// All fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn field(&self, offset: u32) -> Option<&Field> {
        let at = offset as usize;
        self.fields.iter().find(|field| field.offset <= at && at < field.offset + field.size)
    }

    /// The name of `size` bytes at `offset`: `version`, `slots[3].key[0..8]`, `mutex+16`
    /// in a field of which no more is known, or `bytes 16..20` where nothing is.
    pub fn name(&self, offset: u32, size: usize) -> String {
        let at = offset as usize;
        let Some(field) = self.field(offset) else {
            return format!("bytes {at}..{}", at + size);
        };
        let inner = at - field.offset;
        if inner + size > field.size {
            return self.name_of_several(at, size);
        }
        if inner == 0 && size == field.size {
            return field.name.clone();
        }
        if field.kind == Kind::Opaque {
            return format!("{}+{inner}", field.name);
        }
        let numbers = field.kind != Kind::Text && field.element < field.size;
        if numbers && inner.is_multiple_of(field.element) && size == field.element {
            return format!("{}[{}]", field.name, inner / field.element);
        }
        format!("{}[{inner}..{}]", field.name, inner + size)
    }

    /// The fields that lie wholly within `size` bytes at `at`, in order.
    fn within(&self, at: usize, size: usize) -> Vec<&Field> {
        let inside = |field: &&Field| at <= field.offset && field.offset + field.size <= at + size;
        self.fields.iter().filter(inside).collect()
    }

    /// Several fields at once: `sem.{value, waiters}`.
    fn name_of_several(&self, at: usize, size: usize) -> String {
        let names: Vec<&str> =
            self.within(at, size).iter().map(|field| field.name.as_str()).collect();
        let parent = |name: &str| name.rsplit_once('.').map(|(parent, _)| parent.to_owned());
        let first = names.first().and_then(|name| parent(name));
        match first {
            Some(first) if names.iter().all(|name| parent(name).as_deref() == Some(&first)) => {
                let last = |name: &&str| name[first.len() + 1..].to_owned();
                let last: Vec<String> = names.iter().map(last).collect();
                format!("{first}.{{{}}}", last.join(", "))
            }
            _ if names.is_empty() => format!("bytes {at}..{}", at + size),
            _ => format!("{{{}}}", names.join(", ")),
        }
    }

    /// The semaphore that `size` bytes at `offset` belong to, and which part of it they
    /// are; `None` where they belong to none.
    pub fn semaphore(&self, offset: u32, size: usize) -> Option<(&str, Part)> {
        let field = self.field(offset)?;
        let (semaphore, _) = field.name.rsplit_once('.')?;
        let start = self.named(semaphore, "value")?.offset;
        let lies = |name: &str, at: usize| {
            self.named(semaphore, name).is_some_and(|field| field.offset == start + at)
        };
        // Together they are what `Semaphore` describes, and nothing else is.
        if !lies("waiters", 4) || !lies("shared", 8) {
            return None;
        }
        match ((offset as usize).checked_sub(start)?, size) {
            (0, 8) => Some((semaphore, Part::Both)),
            (0, 4) => Some((semaphore, Part::Value)),
            (4, 4) => Some((semaphore, Part::Waiters)),
            (8, 4) => Some((semaphore, Part::Flags)),
            _ => None,
        }
    }

    /// The field `name` of what is called `parent`.
    fn named(&self, parent: &str, name: &str) -> Option<&Field> {
        let is_named = |field: &&Field| {
            field.name.strip_prefix(parent).and_then(|rest| rest.strip_prefix('.')) == Some(name)
        };
        self.fields.iter().find(is_named)
    }

    /// Whether two offsets lie in one field that is shown as text or bytes.
    pub fn joins(&self, a: u32, b: u32) -> bool {
        match (self.field(a), self.field(b)) {
            (Some(a), Some(b)) => a == b && a.kind == Kind::Text,
            (None, None) => true,
            _ => false,
        }
    }

    /// `bytes`, which lie at `offset`, as a person would write them.
    pub fn value(&self, offset: u32, bytes: &[u8]) -> String {
        let at = offset as usize;
        if self.field(offset).is_some_and(|field| field.offset + field.size < at + bytes.len()) {
            let parts = self.within(at, bytes.len()).into_iter().map(|field| {
                let part = &bytes[field.offset - at..][..field.size];
                self.value(field.offset as u32, part)
            });
            return format!("{{{}}}", parts.collect::<Vec<_>>().join(", "));
        }
        match self.field(offset).map(|field| field.kind) {
            Some(Kind::Text) => as_text(bytes),
            Some(Kind::Bool) if bytes.len() == 1 => (bytes[0] != 0).to_string(),
            Some(Kind::Signed) if bytes.len() <= 8 => {
                let unused = 64 - bytes.len() as u32 * 8;
                ((as_number(bytes) << unused) as i64 >> unused).to_string()
            }
            Some(Kind::Unsigned) if bytes.len() <= 8 => as_number(bytes).to_string(),
            _ if bytes.len() <= 8 => format!("{:#x}", as_number(bytes)),
            _ => as_hex(bytes),
        }
    }
}

/// The parts of a semaphore that glibc's code touches at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The value and the number of waiters.
    Both,
    /// The value, on which waiters sleep.
    Value,
    /// The number of waiters.
    Waiters,
    /// By which a wake-up knows that processes share it.
    Flags,
}

fn as_number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The first of more than eight bytes: the rest would be as wide as all other columns.
fn as_hex(bytes: &[u8]) -> String {
    let first = bytes.iter().take(4).map(|byte| format!("{byte:02x}"));
    first.chain(["…".to_owned()]).collect()
}

/// Text up to the first NUL in quotes, with other bytes escaped.
fn as_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    format!("\"{}\"", bytes[..end].escape_ascii())
}

#[cfg(test)]
#[allow(unsafe_code, reason = "`shared!` implements an unsafe trait")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64};

    crate::shared! {
        struct Slot { key: [AtomicU8; 16], value: [AtomicU64; 2] as text }
    }
    crate::shared! {
        struct Table { slots: [Slot; 2], counts: [AtomicU32; 4], balance: AtomicI32 }
    }

    #[test]
    fn byte_ranges_are_named_by_field() {
        let names = Names::of::<Table>();
        for (offset, size, name) in [
            (0, 16, "slots[0].key"),
            (8, 8, "slots[0].key[8..16]"),
            (32, 1, "slots[1].key[0..1]"),
            (48, 8, "slots[1].value[0..8]"),
            (64, 4, "counts[0]"),
            (72, 4, "counts[2]"),
            (80, 4, "balance"),
            (88, 8, "bytes 88..96"),
        ] {
            assert_eq!(names.name(offset, size), name);
        }
    }

    /// As glibc does with the value and the waiters of a semaphore.
    #[test]
    fn access_to_several_fields_names_them_all() {
        crate::shared! {
            struct Pair { low: AtomicU32, high: AtomicU32 }
        }
        crate::shared! {
            struct Outer { pair: Pair, other: AtomicU32 }
        }
        let names = Names::of::<Outer>();
        assert_eq!(names.name(0, 8), "pair.{low, high}");
        assert_eq!(names.value(0, &(1u64 << 32).to_le_bytes()), "{0, 1}");
        assert_eq!(names.name(4, 8), "{pair.high, other}");
    }

    /// What glibc's mutexes are made of, and what no more is known of.
    #[test]
    fn objects_of_the_c_library_have_short_names() {
        let mut fields = Vec::new();
        crate::describe_mutex("mutex", 0, &mut fields);
        let (name, kind) = ("condition".to_owned(), Kind::Opaque);
        fields.push(Field { name, offset: 40, size: 48, element: 48, kind });
        let names = Names { fields };
        for (offset, size, name) in [
            (0, 4, "mutex.lock"),
            (8, 4, "mutex.owner"),
            (16, 4, "mutex.kind"),
            (24, 8, "mutex.robust_list.previous"),
            (32, 8, "mutex.robust_list.next"),
            (24, 16, "mutex.robust_list.{previous, next}"),
            (40, 48, "condition"),
            (56, 4, "condition+16"),
        ] {
            assert_eq!(names.name(offset, size), name);
        }
        assert_eq!(names.value(40, &[0x7f; 16]), "7f7f7f7f…");
    }

    /// Numbers, arrays and objects that are the whole shared state.
    #[test]
    fn state_without_fields_has_a_name() {
        assert_eq!(Names::of::<AtomicU32>().name(0, 4), "state");
        assert_eq!(Names::of::<[AtomicU32; 4]>().name(8, 4), "state[2]");
        assert_eq!(Names::of::<[Slot; 2]>().name(32, 16), "state[1].key");
        assert_eq!(Names::of::<shmkv::Semaphore>().name(0, 4), "state.value");
    }

    #[test]
    fn values_are_written_by_kind() {
        let names = Names::of::<Table>();
        assert_eq!(names.value(0, b"ab\0\0\0\0\0\0"), "\"ab\"");
        assert_eq!(names.value(16, b"x\xff\0"), "\"x\\xff\"");
        assert_eq!(names.value(64, &7u32.to_le_bytes()), "7");
        assert_eq!(names.value(80, &(-7i32).to_le_bytes()), "-7");
        assert_eq!(names.value(88, &16u64.to_le_bytes()), "0x10");
    }
}

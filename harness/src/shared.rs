//! What may lie in shared memory, and what its fields are called.
//!
//! Idea: a shared type describes itself once, as a flat list of named byte
//! ranges, so that an access at some offset can be shown as `slots[3].key[0..8]`.
//! The [`shared!`](crate::shared) macro defines a type and writes that
//! description.
//! Limits: a type with a hand-written `unsafe impl Shared` and no `describe`
//! works everywhere, and is shown by offsets.

use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicUsize,
};

use serde::Serialize;

/// How the bytes of a field are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An unsigned number, little-endian.
    Unsigned,
    /// A signed number, little-endian.
    Signed,
    /// `false` or `true`.
    Bool,
    /// Bytes that are text up to the first NUL.
    Text,
    /// Bytes of no known meaning.
    Opaque,
}

/// A named range of bytes in a shared type.
///
/// An array of numbers or text is one field: `element` is the size of one
/// element, and `size` that of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The path from the shared type to this field, such as `slots[3].key`.
    pub name: String,
    /// In bytes from the start of the shared type.
    pub offset: usize,
    /// In bytes.
    pub size: usize,
    /// The size of one element in bytes; equal to `size` where this is no array.
    pub element: usize,
    /// How to show the bytes.
    pub kind: Kind,
}

/// A type that may lie in memory shared between processes.
///
/// # Safety
/// - every bit pattern is valid, all zeroes included: peers may write anything;
/// - all fields can change behind a shared reference (atomics, or `UnsafeCell`
///   behind functions that synchronise between processes);
/// - it holds no pointer and no reference, and needs no drop.
pub unsafe trait Shared: Sync + 'static {
    /// How one value is shown when it is a plain number; `None` for compounds.
    const NUMBER: Option<Kind> = None;

    /// Appends the fields, with `name` before each and `offset` added to each.
    ///
    /// Without an implementation the type is shown by offsets.
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        let _ = (name, offset, fields);
    }
}

/// All fields of `T`, in the order in which it describes them.
pub fn fields_of<T: Shared>() -> Vec<Field> {
    let mut fields = Vec::new();
    T::describe("", 0, &mut fields);
    fields
}

/// Describes a `pthread_mutex_t`, as glibc uses it on 64-bit machines: for the
/// [`describe`](Shared::describe) of a type around one.
pub fn describe_mutex(name: &str, offset: usize, fields: &mut Vec<Field>) {
    let words = ["lock", "count", "owner", "users", "kind"];
    let words = words.into_iter().zip((0..).step_by(4)).map(|(part, at)| (part, at, 4));
    // The links of robust mutexes are addresses, each in its own process.
    let links = [("robust_list.previous", 24, 8), ("robust_list.next", 32, 8)];
    for (part, at, size) in words.chain(links) {
        let kind = if size == 4 { Kind::Unsigned } else { Kind::Opaque };
        let name = format!("{name}.{part}");
        fields.push(Field { name, offset: offset + at, size, element: size, kind });
    }
}

macro_rules! numbers {
    ($($kind:ident: $($type:ty),+;)+) => {$($(
        // SAFETY: an atomic integer is valid for all bits, changes behind a
        // shared reference, and holds no pointer.
        unsafe impl Shared for $type {
            const NUMBER: Option<Kind> = Some(Kind::$kind);
            fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
                let size = size_of::<Self>();
                fields.push(Field {
                    name: name.into(), offset, size, element: size, kind: Kind::$kind,
                });
            }
        }
    )+)+};
}

numbers! {
    Unsigned: AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize;
    Signed: AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize;
}

// SAFETY: as for numbers. Peers are the same program, forked, which writes
// only 0 and 1 through `AtomicBool`.
unsafe impl Shared for AtomicBool {
    const NUMBER: Option<Kind> = Some(Kind::Bool);
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        fields.push(Field { name: name.into(), offset, size: 1, element: 1, kind: Kind::Bool });
    }
}

// SAFETY: an array has no bytes beside its elements, which are `Shared`.
unsafe impl<T: Shared, const N: usize> Shared for [T; N] {
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        let element = size_of::<T>();
        match T::NUMBER {
            // Bytes in a row are nearly always text: keys and values.
            Some(_) if element == 1 => {
                fields.push(Field {
                    name: name.into(),
                    offset,
                    size: N,
                    element,
                    kind: Kind::Text,
                });
            }
            Some(kind) => {
                fields.push(Field { name: name.into(), offset, size: N * element, element, kind });
            }
            None => {
                for i in 0..N {
                    T::describe(&format!("{name}[{i}]"), offset + i * element, fields);
                }
            }
        }
    }
}

/// Describes one field of a struct for the [`shared!`](crate::shared) macro.
#[doc(hidden)]
pub fn describe_as<T: Shared>(
    text: bool,
    parent: &str,
    name: &str,
    offset: usize,
    fields: &mut Vec<Field>,
) {
    let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
    if text {
        let size = size_of::<T>();
        fields.push(Field { name: path, offset, size, element: 1, kind: Kind::Text });
    } else {
        T::describe(&path, offset, fields);
    }
}

/// Defines a `#[repr(C)]` struct that may lie in shared memory, with a
/// description of its fields.
///
/// Each field's type must itself be [`Shared`](crate::Shared). A field followed
/// by `as text` is shown as text, whatever its elements are.
///
/// ```
/// use std::sync::atomic::{AtomicU32, AtomicU64};
///
/// shmkv_harness::shared! {
///     /// One pair.
///     pub struct Slot {
///         pub key: [AtomicU64; 2] as text,
///         pub value: AtomicU64,
///     }
/// }
/// shmkv_harness::shared! {
///     pub struct Table {
///         pub slots: [Slot; 2],
///         pub count: AtomicU32,
///     }
/// }
///
/// let names: Vec<String> =
///     shmkv_harness::fields_of::<Table>().into_iter().map(|field| field.name).collect();
/// assert_eq!(names, ["slots[0].key", "slots[0].value", "slots[1].key", "slots[1].value", "count"]);
/// ```
#[macro_export]
macro_rules! shared {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_visibility:vis $field:ident : $type:ty $(as $kind:ident)?),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[repr(C)]
        $visibility struct $name {
            $($(#[$field_meta])* $field_visibility $field: $type),+
        }

        // SAFETY: `describe_as` below requires each field to be `Shared`, so the
        // struct is what its fields are: valid for all bits, changed only behind
        // shared references, free of pointers.
        unsafe impl $crate::Shared for $name {
            fn describe(name: &str, offset: usize, fields: &mut Vec<$crate::Field>) {
                $(
                    $crate::describe_as::<$type>(
                        $crate::shared!(@text $($kind)?),
                        name,
                        stringify!($field),
                        offset + ::core::mem::offset_of!($name, $field),
                        fields,
                    );
                )+
            }
        }
    };
    (@text) => { false };
    (@text text) => { true };
}

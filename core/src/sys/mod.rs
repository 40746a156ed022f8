//! System calls and raw memory: all that needs `unsafe`
//! beside the shared layout.

pub(crate) mod futex;
#[cfg(test)]
pub(crate) mod glibc;
pub(crate) mod lease;
pub(crate) mod mapping;
pub(crate) mod object;
pub(crate) mod process;
#[cfg(test)]
pub(crate) mod signals;
pub(crate) mod turn;

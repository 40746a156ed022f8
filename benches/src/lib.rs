//! What benchmarks and their tests share.
#![warn(missing_docs)]

pub mod bugs;

//! Lab 1: a table in shared memory, and nobody takes a lock.

pub mod insert;
pub mod same_slot;
pub mod three_increments;

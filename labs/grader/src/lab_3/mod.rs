//! Lab 3: what a version tells, and what is made of it.

pub mod optimistic_read;
pub mod same_version;
pub mod two_counters;
pub mod two_writers;
pub mod update;
pub mod wait_for_change;

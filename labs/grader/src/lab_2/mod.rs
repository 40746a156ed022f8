//! Lab 2: semaphores, used right and wrong.

pub mod barrier;
pub mod bounded_buffer;
pub mod dead_owner;
pub mod no_race;
pub mod philosophers;
pub mod posted_twice;
pub mod readers_writer;

//! Lab 4: the full store, and what is left when its users die.

pub mod armed_too_early;
pub mod first_come;
pub mod last_word;
pub mod rename;
pub mod same_key;
pub mod sweep;
pub mod transfer;

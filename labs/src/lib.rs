//! The labs: one module a chapter, and what their programs share.
#![deny(unsafe_code)]

pub mod cli;
pub mod consumer;
pub mod explore;
pub mod lab_4;
pub mod producer;
pub mod show;
pub mod store_commands;

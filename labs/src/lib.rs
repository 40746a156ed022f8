//! The labs: the scenarios of each, and what their programs share.
#![deny(unsafe_code)]

pub mod cli;
pub mod consumer;
pub mod explore;
pub mod lab_1;
pub mod lab_2;
pub mod lab_2_wrong;
pub mod lab_3;
pub mod lab_3_readers;
pub mod lab_3_writers;
pub mod lab_4;
pub mod lab_4_commands;
pub mod producer;
pub mod remedy;
pub mod show;
pub mod store_commands;
pub mod story;
pub mod table;
pub mod two_programs;

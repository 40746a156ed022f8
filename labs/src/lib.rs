//! The labs: the scenarios of each, and what their programs share.
#![deny(unsafe_code)]

pub mod cli;
pub mod common;
pub mod error;
pub mod explore;
pub mod lab_1;
pub mod lab_2;
pub mod lab_3;
pub mod lab_4;
pub mod screen;
pub mod story;
pub mod table;

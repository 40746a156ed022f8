//! Verdict: does not compile
//! It takes in the file that passes.

#[path = "../../../solutions/lab-1/insert.rs"]
mod solution;

pub use solution::insert;

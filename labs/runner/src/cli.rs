//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The exercises: where you are, and what is next.
#[derive(Debug, Parser)]
#[command(name = "labs", bin_name = "cargo run --bin labs --", max_term_width = 100)]
pub struct Cli {
    /// What to do; without it, says where you are and what is next.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists all exercises.
    List,
    /// Checks your answer.
    Check {
        /// The exercise; without it, the next one that has not passed.
        id: Option<String>,
        /// The seed of the hidden inputs; without it, another one each time.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Checks whatever you save; keys: run again, hint, next, list, quit.
    Watch,
    /// Gives a hint; one more each time.
    Hint {
        /// The exercise; without it, the next one that has not passed.
        id: Option<String>,
    },
    /// Puts your file back as you found it; yours is kept beside it.
    Reset {
        /// The exercise.
        id: String,
    },
    /// Shows an answer that passes, once yours has passed.
    Solution {
        /// The exercise.
        id: String,
        /// Shows it before yours has passed.
        #[arg(long)]
        spoil: bool,
    },
    /// Shows what the book says about it.
    Explain {
        /// The exercise; without it, the next one that has not passed.
        id: Option<String>,
    },
    /// Runs one schedule, step by step.
    Replay {
        /// The exercise.
        id: String,
        /// Who makes each step: 0*12,1*3,0.
        #[arg(default_value = "")]
        schedule: String,
        /// Which of the exercise's trials.
        #[arg(long, default_value_t = 1)]
        trial: usize,
        /// The seed of the hidden inputs.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Grades all exercises, for instructors: no terminal is needed.
    Grade {
        /// Writes everything that was found into this file.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Writes a JUnit report into this file.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Writes the points into this file, as GitHub Classroom wants them.
        #[arg(long, value_name = "FILE")]
        points: Option<PathBuf>,
        /// Takes the learner's files, and nothing else, from this folder.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
        /// The seed of the hidden inputs; without it, another one each time.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Checks the grader, for instructors: makes solutions with one change each, and
    /// sees that it rejects them.
    Mutants {
        /// The exercises; without any, all in which functions are written.
        #[arg(value_name = "EXERCISE")]
        exercises: Vec<String>,
        /// Checks so many of each exercise only, evenly chosen, the same each time.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        sample: Option<u32>,
        /// The seed of the hidden inputs.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Writes everything that was found as JSON.
        #[arg(long)]
        json: bool,
    },
}

//! Options of every lab's story.

use clap::Args;
use shmkv_harness::StressOptions;

/// Options of every lab's story.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// How many processes take part, 2 to 9
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=9))]
    pub processes: Option<u8>,
    /// How many rounds to run, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: Option<u64>,
    /// Decides who starts late
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Print the conclusion only
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

impl Common {
    /// The number of processes, or the lab's own.
    pub fn processes_or(&self, default: usize) -> usize {
        self.processes.map_or(default, usize::from)
    }

    /// Options of a stress run of `rounds` rounds, where the user says nothing else.
    /// In half of them a process pauses; all are run, whatever happens.
    pub fn stress(&self, rounds: u64) -> StressOptions {
        StressOptions {
            rounds: self.rounds.unwrap_or(rounds),
            seed: self.seed,
            pause_rate: 0.5,
            stop_at_failure: false,
            progress: true,
            ..StressOptions::default()
        }
    }

    /// Whether the story is told in words.
    pub fn tells(&self) -> bool {
        !self.json && !self.quiet
    }
}

//! Lab 2, write: three philosophers, three forks, and no deadlock.
//!
//! Goal: `take` takes the two forks beside a seat and waits while one of them is
//! taken; `put` puts them back.
//!
//! Given: `Table` with `forks: [Semaphore; SEATS]`, all at 1. Seats are 0 to
//! `SEATS - 1` (2). Fork `seat` lies to the left of a seat, fork
//! `(seat + 1) % SEATS` to its right. Each process sits on a seat of its own,
//! takes, eats, and puts. Below is what everybody tries first; it fails.
//!
//! What must hold, whoever goes when:
//! 1. neighbours do not eat at the same time;
//! 2. everybody gets to eat;
//! 3. in the end all forks are on the table, each once.
//!
//! Check: cargo run --bin labs -- check philosophers

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    table.forks[seat].wait().expect("a fork");
    table.forks[(seat + 1) % SEATS].wait().expect("a fork");
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
    table.forks[(seat + 1) % SEATS].post().expect("a fork");
}

//! All take the left fork first, but for the last seat.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    let (left, right) = (seat, (seat + 1) % SEATS);
    let order = if seat == SEATS - 1 { [right, left] } else { [left, right] };
    for fork in order {
        table.forks[fork].wait().expect("a fork");
    }
}

pub fn put(table: &Table, seat: usize) {
    for fork in [seat, (seat + 1) % SEATS] {
        table.forks[fork].post().expect("a fork");
    }
}

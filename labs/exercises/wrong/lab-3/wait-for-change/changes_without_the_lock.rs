//! Verdict: deadlock
//! A change comes between the look and the note after all.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::wait_for_change::Board;

pub fn change(board: &Board) {
    board.version.fetch_add(1, Relaxed);
    for (waiting, bell) in board.waiting.iter().zip(&board.bells) {
        if waiting.swap(0, Relaxed) == 1 {
            bell.post().expect("a semaphore");
        }
    }
}

pub fn wait_for_change(board: &Board, me: usize, seen: u32) -> u32 {
    let guard = board.lock.guard().expect("a semaphore");
    if board.version.load(Relaxed) == seen {
        board.waiting[me].store(1, Relaxed);
        drop(guard);
        board.bells[me].wait().expect("a semaphore");
    }
    board.version.load(Relaxed)
}

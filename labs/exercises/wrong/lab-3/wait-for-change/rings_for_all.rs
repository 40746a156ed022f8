//! Verdict: wrong result
//! A bell that rings for nobody ends the next wait too early.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::wait_for_change::Board;

pub fn change(board: &Board) {
    let _guard = board.lock.guard().expect("a semaphore");
    board.version.store(board.version.load(Relaxed) + 1, Relaxed);
    board.bells.iter().for_each(|bell| bell.post().expect("a semaphore"));
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

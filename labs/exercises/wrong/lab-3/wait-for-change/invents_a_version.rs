//! Verdict: wrong result
//! It knows which version comes next, and does not wait for it.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::wait_for_change::Board;

pub fn change(board: &Board) {
    let _guard = board.lock.guard().expect("a semaphore");
    board.version.store(board.version.load(Relaxed) + 1, Relaxed);
    for (waiting, bell) in board.waiting.iter().zip(&board.bells) {
        if waiting.swap(0, Relaxed) == 1 {
            bell.post().expect("a semaphore");
        }
    }
}

pub fn wait_for_change(_: &Board, _: usize, seen: u32) -> u32 {
    seen + 1
}

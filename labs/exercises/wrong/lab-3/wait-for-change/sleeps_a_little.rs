//! Verdict: livelock
//! It looks a thousand times a second.

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

pub fn wait_for_change(board: &Board, _: usize, seen: u32) -> u32 {
    while board.version.load(Relaxed) == seen {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    board.version.load(Relaxed)
}

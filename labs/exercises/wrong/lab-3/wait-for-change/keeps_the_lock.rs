//! Verdict: deadlock
//! Where it need not wait, it returns without giving the lock back.

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

pub fn wait_for_change(board: &Board, me: usize, seen: u32) -> u32 {
    board.lock.wait().expect("a semaphore");
    let version = board.version.load(Relaxed);
    if version != seen {
        return version;
    }
    board.waiting[me].store(1, Relaxed);
    board.lock.post().expect("a semaphore");
    board.bells[me].wait().expect("a semaphore");
    board.version.load(Relaxed)
}

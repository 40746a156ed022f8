//! It looks two hundred times before it believes what it sees: wasteful, and
//! right.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::wait_for_change::Board;

pub fn change(board: &Board) {
    let _guard = board.lock.guard().expect("a semaphore");
    board.version.store(board.version.load(Relaxed) + 1, Relaxed);
    for (waiting, bell) in board.waiting.iter().zip(&board.bells) {
        if waiting.load(Relaxed) == 1 {
            waiting.store(0, Relaxed);
            bell.post().expect("a semaphore");
        }
    }
}

pub fn wait_for_change(board: &Board, me: usize, seen: u32) -> u32 {
    {
        let _guard = board.lock.guard().expect("a semaphore");
        let looks = (0..200).map(|_| board.version.load(Relaxed));
        let version = looks.last().unwrap_or_default();
        if version != seen {
            return version;
        }
        board.waiting[me].store(1, Relaxed);
    }
    board.bells[me].wait().expect("a semaphore");
    board.version.load(Relaxed)
}

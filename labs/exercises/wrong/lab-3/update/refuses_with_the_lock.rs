//! Verdict: deadlock
//! Where it refuses, it returns without giving the lock back.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::update::Register;

pub fn compare_and_set(register: &Register, value: u64, seen: u32) -> bool {
    register.lock.wait().expect("a semaphore");
    if register.version.load(Relaxed) != seen {
        return false;
    }
    register.value.store(value, Relaxed);
    register.version.store(seen + 1, Relaxed);
    register.lock.post().expect("a semaphore");
    true
}

pub fn update(register: &Register, compute: &dyn Fn(u64) -> u64) -> u64 {
    loop {
        let seen = register.version.load(Relaxed);
        let value = compute(register.value.load(Relaxed));
        if compare_and_set(register, value, seen) {
            return value;
        }
    }
}

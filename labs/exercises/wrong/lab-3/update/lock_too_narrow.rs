//! Verdict: lost update
//! It looks under the lock and stores under the lock, with a gap in between.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::update::Register;

pub fn compare_and_set(register: &Register, value: u64, seen: u32) -> bool {
    let guard = register.lock.guard().expect("a semaphore");
    let unchanged = register.version.load(Relaxed) == seen;
    drop(guard);
    if unchanged {
        let _guard = register.lock.guard().expect("a semaphore");
        register.value.store(value, Relaxed);
        register.version.store(seen + 1, Relaxed);
    }
    unchanged
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

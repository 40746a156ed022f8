//! Verdict: wrong result
//! It changes the value, and not the version.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::update::Register;

pub fn compare_and_set(register: &Register, value: u64, seen: u32) -> bool {
    let _guard = register.lock.guard().expect("a semaphore");
    let unchanged = register.version.load(Relaxed) == seen;
    if unchanged {
        register.value.store(value, Relaxed);
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

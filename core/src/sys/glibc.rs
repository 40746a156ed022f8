//! glibc's own semaphore functions, for tests that compare ours with them.

use crate::Semaphore;

fn raw(semaphore: &Semaphore) -> *mut libc::sem_t {
    std::ptr::from_ref(semaphore).cast_mut().cast()
}

pub(crate) fn init(semaphore: &Semaphore, value: u32) {
    // SAFETY: a live semaphore has the size and alignment of a `sem_t`, and all its
    // bytes are atomics.
    assert_eq!(unsafe { libc::sem_init(raw(semaphore), 1, value) }, 0);
}

pub(crate) fn wait(semaphore: &Semaphore) {
    // SAFETY: as in `init`; no test overwrites what glibc believes.
    assert_eq!(unsafe { libc::sem_wait(raw(semaphore)) }, 0);
}

pub(crate) fn post(semaphore: &Semaphore) {
    // SAFETY: as in `wait`.
    assert_eq!(unsafe { libc::sem_post(raw(semaphore)) }, 0);
}

pub(crate) fn value(semaphore: &Semaphore) -> i32 {
    let mut value = 0;
    // SAFETY: as in `wait`; `value` is ours.
    assert_eq!(unsafe { libc::sem_getvalue(raw(semaphore), &raw mut value) }, 0);
    value
}

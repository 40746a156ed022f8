//! What the kernel takes for a fault, its signal, and the return.

use criterion::Criterion;

/// A fault, its signal, and the return: what the kernel takes for each step.
pub fn round_trip(criterion: &mut Criterion) {
    let page = Faulting::new();
    criterion.bench_function("machine: signal round trip", |bench| bench.iter(|| page.touch()));
}

/// A page that cannot be read, and a handler that passes over the attempt.
struct Faulting {
    page: *mut libc::c_void,
    before: libc::sigaction,
}

/// The length of the instruction that reads it.
const LENGTH: i64 = 2;

const PAGE: usize = 4096;

impl Faulting {
    fn new() -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, wherever there is room.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED, "a page");
        // SAFETY: all zeroes is a valid sigaction.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = pass_over as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        // SAFETY: both actions are valid until the call returns.
        let result = unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, &raw mut before) };
        assert_eq!(result, 0, "a handler");
        Self { page, before }
    }

    fn touch(&self) {
        // SAFETY: the read faults, and the handler passes over its two bytes.
        unsafe {
            std::arch::asm!(
                "mov al, [rdi]", in("rdi") self.page, out("al") _, options(nostack, readonly)
            );
        }
    }
}

impl Drop for Faulting {
    fn drop(&mut self) {
        // SAFETY: the action was the one before, and is valid until the call returns.
        unsafe { libc::sigaction(libc::SIGSEGV, &raw const self.before, std::ptr::null_mut()) };
        // SAFETY: the mapping is this value's own.
        unsafe { libc::munmap(self.page, PAGE) };
    }
}

extern "C" fn pass_over(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the third argument of a handler with SA_SIGINFO is a `ucontext_t`,
    // which nobody else refers to while it runs.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    context.uc_mcontext.gregs[libc::REG_RIP as usize] += LENGTH;
}

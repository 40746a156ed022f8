//! A process that touches what it may not is a crash of that process, with its
//! signal and its line, and never one of the simulator.

use std::arch::asm;
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use shmkv_harness::{Scenario, Verdict, shared};

use crate::common::{execute, refusal, unsound, verdict_on};

/// The end of the state is that of a page.
type Page = [AtomicU8; 4096];

/// Asserts a crash by `cause` on one of `lines` of this file.
#[track_caller]
fn assert_crash(verdict: &Verdict, expected: &str, lines: Range<u32>) {
    let Verdict::Crashed { cause, location, .. } = verdict else { panic!("{verdict}") };
    assert_eq!(cause, expected);
    let place = location.as_deref().unwrap_or("nowhere");
    let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
    let line = line.parse().unwrap_or(0);
    assert!(file.ends_with("faults.rs") && lines.contains(&line), "at {place}, not {lines:?}");
}

fn end(page: &Page) -> *mut u8 {
    // One behind the last byte: not a place to touch.
    page.as_ptr_range().end.cast_mut().cast()
}

pub fn access_outside_is_a_crash_with_its_line() {
    let pointers: [fn(&Page) -> *mut u64; 6] = [
        |_| std::ptr::null_mut(),
        |_| 0xdead_beef_0000 as *mut u64,
        |_| 0xdead_0000_0000_0000 as *mut u64,
        |page| end(page).cast(),
        |page| end(page).wrapping_sub(4104).cast(),
        |page| end(page).wrapping_sub(4).cast(),
    ];
    for pointer in pointers {
        let first = line!();
        let verdict = verdict_on(move |page: &Page| {
            let pointer = black_box(pointer(page));
            unsound! { asm!("mov {0}, [{1}]", out(reg) _, in(reg) pointer) };
        });
        assert_crash(&verdict, "SIGSEGV", first..line!());

        let first = line!();
        let verdict = verdict_on(move |page: &Page| {
            let pointer = black_box(pointer(page));
            unsound! { asm!("add qword ptr [{0}], 1", in(reg) pointer) };
        });
        assert_crash(&verdict, "SIGSEGV", first..line!());
    }
}

/// What lies before the end is read and written, as by the processor; the bytes
/// beyond are not made up.
pub fn access_across_the_end_is_a_crash() {
    let accesses: [fn(*mut u8); 7] = [
        |end| unsound! { asm!("movups xmm0, [{0} - 15]", in(reg) end, out("xmm0") _) },
        |end| unsound! { asm!("movups [{0} - 1], xmm0", in(reg) end) },
        |end| unsound! { asm!("mov word ptr [{0} - 1], 5", in(reg) end) },
        |end| unsound! { asm!("xchg [{0} - 2], {1:e}", in(reg) end, out(reg) _) },
        |end| unsound! { asm!("shl qword ptr [{0} - 7], 3", in(reg) end) },
        |end| unsound! { asm!("imul {0}, [{0} - 7]", inout(reg) end => _) },
        |end| unsound! { asm!("bts dword ptr [{0} - 4], {1:e}", in(reg) end, in(reg) 32) },
    ];
    for (i, access) in accesses.into_iter().enumerate() {
        let verdict = verdict_on(move |page: &Page| access(end(page)));
        assert!(
            matches!(&verdict, Verdict::Crashed { cause, .. } if cause == "SIGSEGV"),
            "{i}: {verdict}"
        );
    }
}

/// A repeated instruction goes as far as it can before it faults.
pub fn copy_across_the_end_is_a_crash_after_what_fits() {
    let copies: [fn(*mut u8); 3] = [
        |end| {
            unsound! {
                asm!("rep stosb", inout("rdi") end.wrapping_sub(21) => _, inout("rcx") 30 => _, in("al") 7u8)
            }
        },
        |end| {
            unsound! {
                let from = [7u8; 64];
                asm!("rep movsb", inout("rdi") end.wrapping_sub(21) => _,
                    inout("rsi") from.as_ptr() => _, inout("rcx") 30 => _)
            }
        },
        |end| {
            unsound! {
                let from = [7u64; 8];
                asm!("movsb", "rep movsd", inout("rdi") end.wrapping_sub(21) => _,
                    inout("rsi") from.as_ptr() => _, inout("rcx") 9 => _)
            }
        },
    ];
    for (i, copy) in copies.into_iter().enumerate() {
        let scenario = Scenario::new("copy", |_: &Page| {})
            .process("p", move |page| copy(end(page)))
            .outcome(|_| "seen".into());
        let execution = execute(&scenario);
        let Verdict::Crashed { cause, .. } = &execution.verdict else {
            panic!("{i}: {}", execution.verdict)
        };
        assert_eq!(cause, "SIGSEGV", "{i}");
        let stored: usize = execution.steps.iter().map(|step| usize::from(step.what.size)).sum();
        assert_eq!(stored, 21, "{i}");
    }
}

/// The private half of a copy can fault too.
pub fn copy_from_nowhere_is_a_crash() {
    let first = line!();
    let verdict = verdict_on(|page: &Page| {
        let (to, from) = (page.as_ptr(), black_box(0x10 as *const u8));
        unsound! {
            asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") 9 => _)
        };
    });
    assert_crash(&verdict, "SIGSEGV", first..line!());
    let first = line!();
    let verdict = verdict_on(|page: &Page| {
        let (from, to) = (page.as_ptr(), black_box(0x10 as *mut u8));
        unsound! { libc::memcpy(to.cast(), from.cast(), 500) };
    });
    assert_crash(&verdict, "SIGSEGV", first..line!());
}

pub fn jump_into_shared_memory_is_a_crash() {
    let verdict = verdict_on(|page: &Page| {
        let function: extern "C" fn() = unsound! { std::mem::transmute(page.as_ptr()) };
        black_box(function)();
    });
    assert!(matches!(&verdict, Verdict::Crashed { cause, .. } if cause == "SIGSEGV"), "{verdict}");
}

pub fn jump_to_nowhere_is_a_crash() {
    let first = line!();
    let verdict = verdict_on(|_: &Page| {
        let function: extern "C" fn() = unsound! { std::mem::transmute(black_box(8usize)) };
        black_box(function)();
    });
    assert_crash(&verdict, "SIGSEGV", first..line!());
}

pub fn stack_overflow_is_a_crash() {
    #[expect(unconditional_recursion)]
    fn deeper(n: u64) -> u64 {
        let local = black_box([n; 64]);
        deeper(n + 1) + local[(n % 64) as usize]
    }
    let verdict = verdict_on(|page: &Page| {
        page[0].store(1, Relaxed);
        black_box(deeper(0));
    });
    assert!(matches!(&verdict, Verdict::Crashed { cause, .. } if cause == "SIGSEGV"), "{verdict}");
}

/// A stack pointer that points nowhere is no stack to tell the line from.
pub fn broken_stack_is_a_crash() {
    let verdict = verdict_on(|_: &Page| {
        unsound! { asm!("mov rsp, 8", "mov rbp, 16", "push rax", options(noreturn)) };
    });
    assert!(matches!(&verdict, Verdict::Crashed { cause, .. } if cause == "SIGSEGV"), "{verdict}");
}

/// Illegal and privileged instructions, breakpoints, divisions by zero.
pub fn instructions_that_trap_are_crashes() {
    let traps: [(fn(), &str); 6] = [
        (|| unsound! { asm!("ud2") }, "SIGILL"),
        (|| unsound! { asm!("hlt") }, "SIGSEGV"),
        (|| unsound! { asm!("int3") }, "SIGTRAP"),
        (
            || unsound! { asm!("xor ecx, ecx", "div ecx", out("eax") _, out("ecx") _, out("edx") _) },
            "SIGFPE",
        ),
        (|| unsound! { asm!(".byte 0x06") }, "SIGILL"),
        (|| unsound! { asm!("movaps xmm0, [rsp + 1]", out("xmm0") _) }, "SIGSEGV"),
    ];
    for (trap, cause) in traps {
        let verdict = verdict_on(move |word: &AtomicU64| {
            word.store(1, Relaxed);
            trap();
        });
        assert!(
            matches!(&verdict, Verdict::Crashed { cause: found, location: Some(place), .. }
                if found == cause && place.contains("faults.rs")),
            "{cause}: {verdict}"
        );
    }
}

shared! {
    /// A divisor that a peer may change.
    struct Divisor { number: AtomicU64 }
}

/// The instruction that traps is one that is carried out on a copy.
pub fn division_by_shared_zero_is_a_crash() {
    let first = line!();
    let verdict = verdict_on(|state: &Divisor| {
        let number = state.number.as_ptr();
        unsound! {
            asm!("div qword ptr [{}]", in(reg) number, inout("rax") 1u64 => _, inout("rdx") 0u64 => _)
        };
    });
    assert_crash(&verdict, "SIGFPE", first..line!());
}

pub fn vector_alignment_is_checked_on_shared_memory_too() {
    let first = line!();
    let verdict = verdict_on(|page: &Page| {
        unsound! { asm!("movaps xmm0, [{} + 8]", in(reg) page.as_ptr(), out("xmm0") _) };
    });
    assert_crash(&verdict, "SIGSEGV", first..line!());
}

pub fn gathers_are_refused_by_name() {
    if !is_x86_feature_detected!("avx2") {
        return;
    }
    let sentence = refusal(|page: &Page| {
        unsound! {
            asm!("vpxor xmm1, xmm1, xmm1", "vpcmpeqd xmm2, xmm2, xmm2",
                "vpgatherdd xmm0, [{} + xmm1*4], xmm2", in(reg) page.as_ptr(),
                out("xmm0") _, out("xmm1") _, out("xmm2") _);
        }
    });
    assert_eq!(
        sentence,
        "p: instruction Vpgatherdd on shared memory is not emulated by the simulator"
    );
}

/// The other process goes on, and so does the harness.
pub fn crash_ends_its_own_process_only() {
    let scenario = Scenario::new("two", |_: &AtomicU64| {})
        .process("faulty", |word| {
            word.fetch_add(1, Relaxed);
            unsound! { black_box(std::ptr::null_mut::<u64>()).write_volatile(1) };
        })
        .process("sound", |word| {
            word.fetch_add(1, Relaxed);
            word.fetch_add(1, Relaxed)
        });
    let execution = execute(&scenario);
    assert!(execution.verdict.to_string().starts_with("crashed: faulty ended by SIGSEGV at "));
    let returned = shmkv_harness::ProcessEnd::Returned { value: "2".into() };
    assert_eq!(execution.ends[1], returned);
}

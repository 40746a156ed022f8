//! The source line of a step is the scenario's own, or there is none.

use std::arch::global_asm;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::Scenario;
use shmkv_harness::sim::{Schedule, replay};

global_asm!(
    // Code of another language, which has no lines and cannot be unwound.
    ".globl lines_store_seven",
    "lines_store_seven:",
    "mov dword ptr [rdi], 7",
    "ret",
);

unsafe extern "C" {
    fn lines_store_seven(word: *const AtomicU32);
}

const FIRST: u32 = line!();

#[inline(always)]
fn add(word: &AtomicU32) -> u32 {
    word.fetch_add(1, Relaxed)
}

#[inline(never)]
fn add_twice(word: &AtomicU32) -> u32 {
    add(word) + add(word)
}

fn body(words: &[AtomicU32; 4]) -> u32 {
    let sum: u32 = words.iter().map(add_twice).sum();
    // SAFETY: a word of the shared state, which anybody may write.
    unsafe { lines_store_seven(&raw const words[1]) };
    // A loop of which the optimiser makes what it likes.
    for (word, i) in words.iter().zip(0..) {
        word.store(i, Relaxed);
    }
    sum + words[3].load(Relaxed)
}

const LAST: u32 = line!();

/// Also in optimised builds, which drop and merge lines; there none is as good.
pub fn steps_have_lines_of_the_scenarios_own_code_or_none() {
    let scenario = Scenario::new("lines", |_: &[AtomicU32; 4]| {}).process("p", body);
    let shown = replay(&scenario, &Schedule::default()).expect("a replay").timeline;
    assert_eq!(shown.rows.iter().map(|row| row.steps).sum::<usize>(), 14, "{shown}");
    for row in &shown.rows {
        let Some(place) = &row.place else { continue };
        assert_eq!(place.file, "harness/tests/simulation/lines.rs");
        assert!((FIRST..LAST).contains(&place.line), "{place}: {shown}");
    }
    let without = shown.rows.iter().filter(|row| row.place.is_none()).count();
    assert!(!cfg!(debug_assertions) || without <= 1, "only the foreign code's: {shown}");
}

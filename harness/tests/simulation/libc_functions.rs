//! What the C library does with memory, into, out of and within shared memory.
//!
//! Its functions choose among many ways by size, alignment and processor: vector
//! moves of all widths, masked ones, repeated string instructions. Each result is
//! compared with what plain Rust makes of a private copy of the same bytes.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use shmkv_harness::Scenario;
use shmkv_harness::sim::Op;

use crate::common::execute;
use shmkv_harness::Random;

/// Bytes that the processes share.
const LEN: usize = 64 * 1024;

type State = [AtomicU8; LEN];

/// Around the places where the C library changes its way.
const SIZES: [usize; 33] = [
    0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 95, 127, 128, 129, 191,
    255, 256, 257, 384, 513, 1000, 2049, 4100,
];

/// Offsets of the two operands from a multiple of 64.
const LEADS: [(usize, usize); 5] = [(0, 0), (0, 1), (3, 0), (13, 21), (60, 47)];

/// A private copy of the shared bytes, on which Rust does what libc does to them.
struct Model {
    bytes: Vec<u8>,
    state: *mut u8,
}

impl Model {
    fn of(state: &State, seed: u64) -> Self {
        let random = Random::new(seed);
        Self {
            bytes: (0..LEN).map(|_| random.draw() as u8).collect(),
            state: state.as_ptr().cast_mut().cast(),
        }
    }

    /// The shared byte at `offset`, for the C library.
    fn at(&self, offset: usize) -> *mut c_void {
        assert!(offset < LEN);
        self.state.wrapping_add(offset).cast()
    }

    fn text_at(&self, offset: usize) -> *mut c_char {
        self.at(offset).cast()
    }
}

/// A body that has done `work` on the state, and what the state must be then.
/// The state starts as the model does.
fn check(seed: u64, work: impl Fn(&mut Model) + Clone + 'static) {
    let wanted = Rc::new(Cell::new(Vec::new()));
    let (found, work_again) = (Rc::clone(&wanted), work.clone());
    let scenario = Scenario::new("libc", move |state: &State| {
        // In the parent, where nothing is protected, the work gives the model.
        let mut model = Model::of(state, seed);
        let fill =
            |bytes: &[u8]| bytes.iter().zip(state).for_each(|(byte, to)| to.store(*byte, Relaxed));
        let start = model.bytes.clone();
        fill(&start);
        work_again(&mut model);
        wanted.set(model.bytes);
        fill(&start);
    })
    .process("p", move |state| work(&mut Model::of(state, seed)))
    .invariant("the bytes are those of the model", move |end| {
        let wanted = found.take();
        let differs = |i: &usize| end.shared[*i].load(Relaxed) != wanted[*i];
        match (0..LEN).find(differs) {
            None => Ok(()),
            Some(i) => Err(format!("byte {i} is not {}", wanted[i])),
        }
    });
    let execution = execute(&scenario);
    assert!(execution.verdict.held(), "{}", execution.verdict);
}

/// Each size with each pair of alignments, at places that do not overlap.
fn each_case(mut try_it: impl FnMut(usize, usize, usize)) {
    for size in SIZES {
        for (i, (a, b)) in LEADS.into_iter().enumerate().filter(|(i, _)| size < 1000 || i % 3 == 1)
        {
            try_it(size, 1024 * i + a, LEN / 2 + 1024 * i + b);
        }
    }
}

pub fn memcpy_copies_out_of_shared_memory() {
    check(1, |model| {
        each_case(|size, from, _| {
            let mut copy = vec![0u8; size + 64];
            let to = copy[size % 17..].as_mut_ptr().cast();
            // SAFETY: both have room for `size` bytes.
            unsafe { libc::memcpy(to, model.at(from), size) };
            assert_eq!(copy[size % 17..][..size], model.bytes[from..][..size], "{size} at {from}");
        });
    });
}

pub fn memcpy_copies_into_shared_memory() {
    check(2, |model| {
        let random = Random::new(3);
        each_case(|size, _, to| {
            let bytes: Vec<u8> = (0..size).map(|_| random.draw() as u8).collect();
            // SAFETY: both have room for `size` bytes.
            unsafe { libc::memcpy(model.at(to), bytes.as_ptr().cast(), size) };
            model.bytes[to..][..size].copy_from_slice(&bytes);
        });
    });
}

pub fn memcpy_copies_within_shared_memory() {
    check(4, |model| {
        each_case(|size, from, to| {
            // SAFETY: both have room for `size` bytes and do not overlap.
            unsafe { libc::memcpy(model.at(to), model.at(from), size) };
            model.bytes.copy_within(from..from + size, to);
        });
    });
}

/// Overlapping by all but a few bytes, in both directions.
pub fn memmove_moves_overlapping_bytes() {
    check(5, |model| {
        each_case(|size, from, _| {
            for to in [from + 1, from + 9, from.saturating_sub(5)] {
                // SAFETY: both have room for `size` bytes.
                unsafe { libc::memmove(model.at(to), model.at(from), size) };
                model.bytes.copy_within(from..from + size, to);
            }
        });
    });
}

pub fn memset_fills_shared_memory() {
    check(6, |model| {
        each_case(|size, at, _| {
            // SAFETY: there is room for `size` bytes.
            unsafe { libc::memset(model.at(at), size as c_int, size) };
            model.bytes[at..][..size].fill(size as u8);
        });
    });
}

/// Against private and shared bytes; equal, and different at one place.
pub fn memcmp_compares_shared_memory() {
    check(7, |model| {
        each_case(|size, at, other| {
            let mut copy = model.bytes[at..][..size].to_vec();
            // SAFETY: all have room for `size` bytes.
            let equal = unsafe { libc::memcmp(copy.as_ptr().cast(), model.at(at), size) };
            assert_eq!(equal, 0, "{size} at {at}");
            // SAFETY: as above.
            let shared = unsafe { libc::memcmp(model.at(at), model.at(other), size) };
            assert_eq!(
                shared.signum(),
                sign(&model.bytes[at..][..size], &model.bytes[other..][..size])
            );
            if let Some(byte) = copy.get_mut(size / 2 + size / 3) {
                *byte ^= 0x80;
                // SAFETY: as above.
                let differs = unsafe { libc::memcmp(model.at(at), copy.as_ptr().cast(), size) };
                assert_eq!(
                    differs.signum(),
                    sign(&model.bytes[at..][..size], &copy),
                    "{size} at {at}"
                );
            }
        });
    });
}

fn sign(a: &[u8], b: &[u8]) -> c_int {
    a.cmp(b) as c_int
}

/// Text of each length: without a NUL up to its end.
fn write_text(model: &mut Model, at: usize, len: usize, random: &Random) {
    let text: Vec<u8> = (0..len).map(|_| 1 + random.below(255) as u8).chain([0]).collect();
    // SAFETY: there is room for `len + 1` bytes.
    unsafe { libc::memcpy(model.at(at), text.as_ptr().cast(), len + 1) };
    model.bytes[at..][..len + 1].copy_from_slice(&text);
}

pub fn strings_are_measured_and_searched() {
    check(8, |model| {
        let random = Random::new(9);
        each_case(|len, at, _| {
            write_text(model, at, len, &random);
            let text = model.text_at(at);
            let wanted = random.below(256) as c_int;
            let bytes = &model.bytes[at..][..len + 1];
            let place = |index: Option<usize>| index.map_or(0, |i| text as usize + i);
            // SAFETY: the text ends with a NUL within the state.
            assert_eq!(unsafe { libc::strlen(text) }, len, "at {at}");
            // SAFETY: as above.
            assert_eq!(unsafe { libc::strnlen(text, len / 2 + 1) }, len.min(len / 2 + 1));
            // SAFETY: as above.
            let found = unsafe { libc::memchr(text.cast(), wanted, len + 1) };
            assert_eq!(found as usize, place(bytes.iter().position(|b| i32::from(*b) == wanted)));
            // SAFETY: as above.
            let found = unsafe { libc::memrchr(text.cast(), wanted, len + 1) };
            assert_eq!(found as usize, place(bytes.iter().rposition(|b| i32::from(*b) == wanted)));
            // SAFETY: as above.
            let found = unsafe { libc::strchr(text, wanted) };
            assert_eq!(found as usize, place(bytes.iter().position(|b| i32::from(*b) == wanted)));
            // SAFETY: as above.
            let found = unsafe { libc::strrchr(text, wanted) };
            assert_eq!(found as usize, place(bytes.iter().rposition(|b| i32::from(*b) == wanted)));
        });
    });
}

pub fn strings_are_copied_and_compared() {
    check(10, |model| {
        let random = Random::new(11);
        each_case(|len, from, to| {
            write_text(model, from, len, &random);
            let (source, target) = (model.text_at(from), model.text_at(to));
            // SAFETY: the target has room, here and below.
            unsafe { libc::strcpy(target, source) };
            model.bytes.copy_within(from..=from + len, to);
            // SAFETY: as above.
            assert_eq!(unsafe { libc::strcmp(source, target) }, 0, "{len}");
            // Longer than the text: the rest is filled with NULs.
            // SAFETY: as above.
            unsafe { libc::strncpy(target, source, len + 20) };
            model.bytes.copy_within(from..=from + len, to);
            model.bytes[to + len..][..20].fill(0);
            if len > 0 {
                let at = to + len - 1;
                model.bytes[at] ^= 0x55;
                // SAFETY: one byte of the state.
                unsafe { model.text_at(at).write(model.bytes[at] as c_char) };
                let wanted = sign(&model.bytes[from..=from + len], &model.bytes[to..=to + len]);
                // SAFETY: as above.
                assert_eq!(unsafe { libc::strcmp(source, target) }.signum(), wanted, "{len}");
                // SAFETY: as above.
                assert_eq!(unsafe { libc::strncmp(source, target, len - 1) }, 0, "{len}");
            }
            // Shorter than the text: no NUL.
            // SAFETY: as above.
            unsafe { libc::strncpy(target, source, len / 2) };
            model.bytes.copy_within(from..from + len / 2, to);
        });
    });
}

/// A copy of many bytes is many steps, none of more than 16 bytes.
pub fn memcpy_of_256_bytes_is_several_steps() {
    let scenario = Scenario::new("copy", |_: &State| {}).process("p", |state| {
        let model = Model::of(state, 1);
        // SAFETY: there is room.
        unsafe { libc::memcpy(model.at(0), model.bytes.as_ptr().cast(), 256) };
    });
    let execution = execute(&scenario);
    assert!((16..=64).contains(&execution.steps.len()), "{}", execution.steps.len());
    for step in &execution.steps {
        assert!(step.what.op == Op::Store && step.what.size <= 16, "{step:?}");
    }
    let mut bytes: Vec<u32> = execution
        .steps
        .iter()
        .flat_map(|step| step.what.offset..step.what.offset + u32::from(step.what.size))
        .collect();
    bytes.sort_unstable();
    bytes.dedup();
    assert_eq!(bytes, (0..256).collect::<Vec<_>>());
}

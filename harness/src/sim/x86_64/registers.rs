//! The vector registers of a process, in its signal frame.
//!
//! Idea: the kernel saves them there, and the process goes on with what is there when
//! the handler returns.
//! Source: Intel SDM volume 1, chapter 13 (XSAVE, its standard format); the
//! kernel's uapi/asm/sigcontext.h.
//! Limits: processors whose frames are not as expected have none of them here.

use std::sync::OnceLock;

use iced_x86::Register;

use super::context::Context;

/// The widest register, in bytes.
pub const WIDEST: usize = 64;

/// The components of the saved state, by their numbers.
const X87: u32 = 0;
const SSE: u32 = 1;
const AVX: u32 = 2;
const UPPER_HALVES: u32 = 6;
const UPPER_REGISTERS: u32 = 7;

/// Where the oldest part holds the modes of vector arithmetic.
const MODES: usize = 24;

/// Where the oldest part holds the lower 16 bytes of the first 16 registers.
const SSE_OFFSET: usize = 160;

/// Where registers lie: bytes `from..to` of each, `first` being the lowest.
struct Part {
    component: u32,
    first: usize,
    from: usize,
    to: usize,
}

/// The parts of registers 0 to 15, and that of registers 16 to 31.
const LOWER: [Part; 3] = [
    Part { component: SSE, first: 0, from: 0, to: 16 },
    Part { component: AVX, first: 0, from: 16, to: 32 },
    Part { component: UPPER_HALVES, first: 0, from: 32, to: 64 },
];
const UPPER: [Part; 1] = [Part { component: UPPER_REGISTERS, first: 16, from: 0, to: 64 }];

/// How many registers each part has.
const REGISTERS: usize = 16;

impl Part {
    fn len(&self) -> usize {
        self.to - self.from
    }

    fn offset(&self) -> usize {
        static OFFSETS: OnceLock<[usize; 8]> = OnceLock::new();
        // `prepare` asks first: under a hypervisor the question is slow.
        let ask = |i: usize| core::arch::x86_64::__cpuid_count(0xd, i as u32).ebx as usize;
        let offsets = OFFSETS.get_or_init(|| std::array::from_fn(ask));
        if self.component == SSE { SSE_OFFSET } else { offsets[self.component as usize] }
    }
}

/// Finds out where registers are saved; to be called before the first fork.
pub fn prepare() {
    if are_saved() {
        LOWER[1].offset();
    }
}

/// Whether frames are of the format described here.
pub fn are_saved() -> bool {
    is_x86_feature_detected!("xsave")
}

/// Calls `visit` with each word of the registers that are not general ones; `false`
/// where they are not saved as described here.
pub fn visit(context: &Context, mut visit: impl FnMut(u64)) -> bool {
    let mut words = |bytes: &[u8]| {
        for word in bytes.chunks_exact(8) {
            visit(word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    };
    let mut oldest = [0; SSE_OFFSET];
    context.read_saved(0, &mut oldest);
    words(&oldest[MODES..MODES + 8]);
    if context.is_present(X87) {
        words(&oldest[..MODES]);
        words(&oldest[MODES + 8..]);
    }
    for number in 0..2 * REGISTERS {
        let mut bytes = [0; WIDEST];
        read(context, number, &mut bytes);
        words(&bytes);
    }
    for mask in (0..8).map(|number| Register::K0 + number) {
        words(&context.opmask(mask).to_le_bytes());
    }
    are_saved()
}

fn parts(register: usize) -> &'static [Part] {
    if register < REGISTERS { &LOWER } else { &UPPER }
}

/// Reads a register.
pub fn read(context: &Context, register: usize, bytes: &mut [u8; WIDEST]) {
    for part in parts(register).iter().filter(|part| context.is_present(part.component)) {
        let at = part.offset() + (register - part.first) * part.len();
        context.read_saved(at, &mut bytes[part.from..part.to]);
    }
}

/// Writes the first `len` bytes of a register.
pub fn write(context: &mut Context, register: usize, bytes: &[u8; WIDEST], len: usize) {
    for part in parts(register).iter().filter(|part| part.from < len) {
        let new = &bytes[part.from..part.to];
        if !context.is_present(part.component) {
            // A component that is not there is all zeroes.
            if new.iter().all(|byte| *byte == 0) {
                continue;
            }
            for other in 0..REGISTERS {
                context.write_saved(part.offset() + other * part.len(), &[0; WIDEST][..part.len()]);
            }
            context.make_present(part.component);
        }
        context.write_saved(part.offset() + (register - part.first) * part.len(), new);
    }
}

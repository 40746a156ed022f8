//! Loads and stores of whole vector registers, without a single step.
//!
//! Idea: the kernel saves the vector registers in the signal frame, and the
//! process goes on with what is there when the handler returns. So what `memcpy`
//! is made of needs no second signal, which is dear: under a hypervisor the
//! debug registers, read and written for each trap, are emulated.
//! Source: Intel SDM volume 1, chapter 13 (XSAVE, its standard format); the
//! kernel's uapi/asm/sigcontext.h.
//! Limits: moves between memory and one register, with no mask. All others, and
//! processors whose frames are not as expected, are single-stepped.

use std::sync::OnceLock;

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::context::Context;
use super::decode::Plan;
use super::step;
use super::world::World;

/// The widest register, in bytes.
const WIDEST: usize = 64;

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
fn are_saved() -> bool {
    is_x86_feature_detected!("xsave")
}

/// Whether an instruction moves a whole register, and nothing else.
pub fn is_move(instruction: &Instruction, operand: u32) -> bool {
    use Mnemonic::{
        Lddqu, Movapd, Movaps, Movd, Movdqa, Movdqu, Movntdq, Movntdqa, Movntpd, Movntps, Movq,
        Movsd, Movss, Movupd, Movups, Vlddqu, Vmovapd, Vmovaps, Vmovd, Vmovdqa, Vmovdqa32,
        Vmovdqa64, Vmovdqu, Vmovdqu8, Vmovdqu16, Vmovdqu32, Vmovdqu64, Vmovntdq, Vmovntdqa,
        Vmovntpd, Vmovntps, Vmovq, Vmovsd, Vmovss, Vmovupd, Vmovups,
    };
    let old = matches!(
        instruction.mnemonic(),
        Lddqu | Movapd | Movaps | Movd | Movdqa | Movdqu | Movntdq | Movntdqa | Movntpd | Movntps
    ) || matches!(instruction.mnemonic(), Movq | Movsd | Movss | Movupd | Movups);
    let new = matches!(
        instruction.mnemonic(),
        Vlddqu | Vmovapd | Vmovaps | Vmovd | Vmovdqa | Vmovdqa32 | Vmovdqa64 | Vmovdqu | Vmovdqu8
    ) || matches!(
        instruction.mnemonic(),
        Vmovdqu16 | Vmovdqu32 | Vmovdqu64 | Vmovntdq | Vmovntdqa | Vmovntpd | Vmovntps | Vmovq
    ) || matches!(instruction.mnemonic(), Vmovsd | Vmovss | Vmovupd | Vmovups);
    let other = 1 - operand.min(1);
    let register = instruction.op_register(other);
    are_saved()
        && (old || new)
        && instruction.op_count() == 2
        && instruction.op_kind(other) == OpKind::Register
        && (register.is_xmm() || register.is_ymm() || register.is_zmm())
        && instruction.op_mask() == Register::None
}

/// Loads or stores a register as steps.
pub fn carry_out(world: &World, context: &mut Context, plan: &Plan, offset: u32) {
    let register = register(plan);
    let mut bytes = [0; WIDEST];
    if plan.operand == 0 {
        read(context, register, &mut bytes);
        return step::store(world, offset, &bytes[..plan.size], context.ip());
    }
    step::load(world, offset, &mut bytes[..plan.size], context.ip());
    // Old instructions leave alone what they do not know; new ones clear it.
    let old = plan.instruction.encoding() == iced_x86::EncodingKind::Legacy;
    write(context, register, &bytes, if old { 16 } else { WIDEST });
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

fn register(plan: &Plan) -> usize {
    plan.instruction.op_register(1 - plan.operand).number()
}

fn parts(register: usize) -> &'static [Part] {
    if register < REGISTERS { &LOWER } else { &UPPER }
}

fn read(context: &Context, register: usize, bytes: &mut [u8; WIDEST]) {
    for part in parts(register).iter().filter(|part| context.is_present(part.component)) {
        let at = part.offset() + (register - part.first) * part.len();
        context.read_saved(at, &mut bytes[part.from..part.to]);
    }
}

/// Writes the first `len` bytes of a register.
fn write(context: &mut Context, register: usize, bytes: &[u8; WIDEST], len: usize) {
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

//! Loads and stores of whole vector registers, without a single step.
//!
//! Idea: the process goes on with what is in the signal frame when the handler
//! returns (`registers.rs`). So what `memcpy` is made of needs no second signal, which is
//! dear: under a hypervisor the debug registers, read and written for each trap, are
//! emulated.
//! Limits: moves between memory and one register, with no mask. All others, and
//! processors whose frames are not as expected, are single-stepped.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::plan::Plan;
use super::{Context, World, registers, step};

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
    registers::are_saved()
        && (old || new)
        && instruction.op_count() == 2
        && instruction.op_kind(other) == OpKind::Register
        && (register.is_xmm() || register.is_ymm() || register.is_zmm())
        && instruction.op_mask() == Register::None
}

/// Loads or stores a register as steps.
pub fn carry_out(world: &World, context: &mut Context, plan: &Plan, offset: u32) {
    let register = register(plan);
    let mut bytes = [0; registers::WIDEST];
    if plan.operand == 0 {
        registers::read(context, register, &mut bytes);
        return step::store(world, offset, &bytes[..plan.size], context.ip());
    }
    step::load(world, offset, &mut bytes[..plan.size], context.ip());
    // Old instructions leave alone what they do not know; new ones clear it.
    let old = plan.instruction.encoding() == iced_x86::EncodingKind::Legacy;
    registers::write(context, register, &bytes, if old { 16 } else { registers::WIDEST });
}

fn register(plan: &Plan) -> usize {
    plan.instruction.op_register(1 - plan.operand).number()
}

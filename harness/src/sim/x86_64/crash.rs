//! The end of a process by a signal, and of an execution by an instruction that is not
//! emulated.

use iced_x86::{Instruction, Register};

use super::context::Context;
use super::world::World;
use super::{sys, turn, unwind};
use crate::sim::limits::MAX_FRAMES;
use crate::sim::turns::control::State;

/// Ends this process as `signal` would that struck at `context`. A panic that
/// ends in SIGABRT, since it cannot unwind, remains a panic.
pub fn crash(world: &World, signal: i32, context: &Context) -> ! {
    let me = world.my_control();
    let panicked = signal == libc::SIGABRT && std::thread::panicking();
    // What is done here can itself crash, on a broken stack; it is then left out.
    let attempt = world.count_crash();
    if attempt == 0 {
        if !panicked {
            me.text.set(name(signal));
        }
        me.detail.set(context.ip());
        note_stack(world, context);
    }
    if attempt < 2 {
        turn::retire(if panicked { State::Panicked } else { State::Crashed });
    }
    // SIGKILL needs no default action to be restored, and what matters has been
    // written down.
    sys::leave_by(libc::SIGKILL)
}

/// Writes down the call stack. Where the instruction pointer itself leads
/// nowhere, the caller is where the stack says, if it was a call.
fn note_stack(world: &World, context: &Context) {
    let kept = &world.my_control().crash_frames;
    let mut frames = [0; MAX_FRAMES];
    frames[0] = context.ip();
    let top = context.get(Register::RSP);
    if sys::readable(top) {
        // SAFETY: eight bytes there can be read.
        frames[1] = unsafe { (top as *const u64).read_unaligned() };
    }
    kept.set(frames);
    if sys::readable(context.ip()) {
        frames = [0; MAX_FRAMES];
        world.interrupted_at(context.ip());
        unwind::call_stack(&mut frames);
        kept.set(frames);
    }
}

/// The name of a signal.
pub fn name(signal: i32) -> &'static str {
    nix::sys::signal::Signal::try_from(signal).map_or("an unknown signal", |signal| signal.as_str())
}

/// Ends the execution with a sentence that names the instruction.
pub fn refuse(instruction: &Instruction) -> ! {
    turn::refuse(&format!(
        "instruction {:?} on shared memory is not emulated by the simulator",
        instruction.mnemonic()
    ))
}

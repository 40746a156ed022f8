//! The log: what was done in an execution, step by step.

use super::control::Control;
use crate::sim::limits::{MAX_FRAMES, MAX_STEPS};
use crate::sim::processes::ProcessSet;
use crate::sim::record::Step;

/// Adds a step. Where the log is full, the last one is replaced; the next decision
/// then ends the execution.
pub fn append(control: &Control, step: Step) {
    let index = (control.steps.get() as usize).min(MAX_STEPS - 1);
    control.log[index].set(step);
    control.steps.set(index as u32 + 1);
    if control.traced.get() {
        // Until the step is made, if it ever is, its own instruction is known.
        let mut frames = [0; MAX_FRAMES];
        frames[0] = step.what.ip;
        control.frames[index].set(frames);
    }
}

/// Changes the last step; returns its index. Nothing is done where there is none.
pub fn amend(control: &Control, change: impl FnOnce(&mut Step)) -> Option<usize> {
    let index = (control.steps.get() as usize).checked_sub(1)?;
    let mut step = control.log[index].get();
    change(&mut step);
    control.log[index].set(step);
    Some(index)
}

/// Notes that the last step woke these as well.
pub fn note_woken(control: &Control, woken: ProcessSet) {
    amend(control, |step| step.woken |= woken);
}

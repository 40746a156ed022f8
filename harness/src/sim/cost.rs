//! What choices cost: what the bound of an exhaustive search counts.
//!
//! Idea: whoever went last goes on as long as it can, and then the next in a
//! circle. Choosing another either is a preemption, if the last one could have
//! gone on, or it passes over processes that could go: each of these is delayed.
//! There are far fewer schedules with few delays than with few preemptions, since
//! the order of processes that end or wait is not free.
//! Sources: preemptions: Musuvathi & Qadeer, PLDI 2007. Delays: Emmi, Qadeer &
//! Rakamarić, "Delay-Bounded Scheduling", POPL 2011.

use super::limits::NOBODY;
use super::record::{Choice, Step};

/// The most that the choices of one schedule may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Any number of preemptions.
    None,
    /// So many preemptions.
    Preemptions(u32),
    /// So many delays.
    Delays(u32),
}

impl Bound {
    /// The bound as a number.
    pub fn most(self) -> u32 {
        match self {
            Self::None => u32::MAX,
            Self::Preemptions(most) | Self::Delays(most) => most,
        }
    }

    /// What `choice` costs in place of `step`.
    pub fn price(self, step: &Step, choice: Choice) -> u32 {
        match self {
            _ if choice.kill => 0,
            Self::Delays(_) => delays(step, choice),
            Self::None | Self::Preemptions(_) => preemptions(step, choice),
        }
    }
}

/// 1 if the choice takes the turn from a process that could go on, or ends a wait
/// before its time; and 1 if it makes an hour pass. That a process polls on costs
/// nothing: it does what it did.
fn preemptions(step: &Step, choice: Choice) -> u32 {
    let taken = step.enabled.has(step.last) && choice.process != step.last;
    u32::from(taken || is_early(step, choice)) + u32::from(choice.late)
}

/// How many could go and are passed over; a choice out of turn costs one more.
fn delays(step: &Step, choice: Choice) -> u32 {
    // Whoever went last is the first in the circle.
    let first = if step.last == NOBODY { 0 } else { step.last };
    let passed_over = step.enabled.between(first, choice.process);
    passed_over + u32::from(is_early(step, choice)) + u32::from(choice.late)
}

/// Whether the choice ends a sleep or a timed wait before its time, while others could
/// go.
fn is_early(step: &Step, choice: Choice) -> bool {
    let waiting = (step.sleeping | step.timed) - step.due;
    waiting.has(choice.process) && !step.enabled.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After process 2, of 0, 2, 3 and 5: first 2 itself, then 3, 5, and 0.
    #[test]
    fn delays_count_who_is_passed_over_in_the_circle() {
        let step = Step { last: 2, enabled: [0, 2, 3, 5].into_iter().collect(), ..Step::default() };
        let cost = |process| delays(&step, Choice::go(process));
        assert_eq!([2, 3, 5, 0].map(cost), [0, 1, 2, 3]);
        let first =
            Step { last: NOBODY, enabled: [0, 1, 2].into_iter().collect(), ..Step::default() };
        let cost = |process| delays(&first, Choice::go(process));
        assert_eq!([0, 1, 2].map(cost), [0, 1, 2]);
    }

    /// Process 1 has ended: whoever follows, nobody is preempted, and 0 is delayed
    /// if process 3 is not the one.
    #[test]
    fn choice_after_an_end_delays_and_preempts_nobody() {
        let step = Step { last: 1, enabled: [0, 3].into_iter().collect(), ..Step::default() };
        let choice = |process| Choice::go(process);
        let both = |process| (preemptions(&step, choice(process)), delays(&step, choice(process)));
        assert_eq!((both(3), both(0)), ((0, 0), (0, 1)));
    }
}

//! How the next process is chosen where the schedule does not say.
//!
//! Idea: one file a policy, with its source, its parameters, how these are prepared
//! from what earlier executions did, and how it chooses. What a policy sees is a
//! [`View`]; what it remembers from choice to choice is in [`Memory`].
//! Limits: choices are made inside signal handlers, so they neither allocate nor lock;
//! policies are told apart by an enum, since the control page can hold no pointers.

use std::cell::Cell;

use super::limits::MAX_PROCESSES;
use super::record::Pending;
use crate::Random;

pub mod pct;
pub mod pos;
pub mod random;
pub mod surw;
mod view;

pub use view::View;

/// A policy with its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    /// The one that went last goes on as long as it can.
    #[default]
    GoOn,
    /// Each that can go is as likely.
    Random,
    /// Random priorities, lowered at a few random steps.
    Pct(pct::Parameters),
    /// A random priority for each step.
    Pos,
    /// Uniform over the orders of the interesting steps.
    Surw(surw::Parameters),
}

/// What policies remember in the course of an execution.
#[repr(C)]
pub struct Memory {
    policy: Cell<Policy>,
    /// PCT, POS, SURW: the higher goes first.
    priorities: [Cell<u64>; MAX_PROCESSES],
    pct: pct::Memory,
    surw: surw::Memory,
}

impl Memory {
    /// Begins an execution of `count` processes.
    pub fn start(&self, policy: Policy, count: usize, random: &Random) {
        self.policy.set(policy);
        for priority in &self.priorities[..count] {
            // The upper half, so that PCT can lower one below all of them.
            priority.set(random.draw() | 1 << 63);
        }
        self.pct.start();
        if let Policy::Surw(parameters) = policy {
            self.surw.start(&parameters);
        }
    }

    /// Whether the process that went last goes on as long as it can.
    pub fn goes_on(&self) -> bool {
        self.policy.get() == Policy::GoOn
    }

    /// The process that goes next, one of [`View::possible`], which is not empty;
    /// `None` where the last one goes on.
    pub fn choose(&self, view: &View<impl Fn(u8) -> Pending>, random: &Random) -> Option<u8> {
        match self.policy.get() {
            Policy::GoOn => None,
            Policy::Random => random::choose(view, random),
            Policy::Pct(parameters) => self.pct.choose(&parameters, &self.priorities, view),
            Policy::Pos => pos::choose(&self.priorities, view, random),
            Policy::Surw(parameters) => {
                self.surw.choose(&parameters, &self.priorities, view, random)
            }
        }
    }
}

//! In place of `x86_64/` on machines that are no x86-64: says that no scenario
//! can be simulated here.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use super::SimError;
use super::order::{Execution, Order};
use crate::{Scenario, Shared};

/// A scenario ready to be executed: on this machine there is none.
pub struct Runner<'a, T: Shared> {
    none: Infallible,
    scenario: PhantomData<&'a Scenario<T>>,
}

impl<'a, T: Shared> Runner<'a, T> {
    /// Says that this machine cannot simulate.
    ///
    /// # Errors
    /// Always [`SimError::Unsupported`].
    pub fn new(
        _scenario: &'a Scenario<T>,
        _step_limit: u32,
        _hang_after: Duration,
    ) -> Result<Self, SimError> {
        let machine = std::env::consts::ARCH;
        let why = format!("this machine is {machine}, and the simulator knows x86_64 only");
        Err(SimError::Unsupported { why })
    }

    /// As on other machines.
    pub fn let_spin(&mut self, _turns: u8) {
        match self.none {}
    }

    /// The scenario that is run.
    pub fn scenario(&self) -> &'a Scenario<T> {
        match self.none {}
    }

    /// The bytes of the state before the first step.
    pub fn image(&self) -> &[u8] {
        match self.none {}
    }

    /// Runs one execution.
    ///
    /// # Errors
    /// None: it is never called.
    pub fn run(&mut self, _order: &Order) -> Result<Execution, SimError> {
        match self.none {}
    }
}

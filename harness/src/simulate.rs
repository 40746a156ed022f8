//! Scenarios behind one type, whatever their processes share.

use crate::sim::{
    Replay, Schedule, Search, SearchReport, SimError, StateGraph, explore_with, replay, state_graph,
};
use crate::{Scenario, Shared, StressError, StressOptions, StressReport, stress_until};

/// A scenario, whatever its processes share: what can be run without knowing
/// the type of the shared state.
pub trait Simulate {
    /// The scenario's name.
    fn name(&self) -> &str;

    /// See [`explore_with`].
    ///
    /// # Errors
    /// See [`SimError`].
    fn explore(
        &self,
        search: &Search,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SearchReport, SimError>;

    /// See [`replay`].
    ///
    /// # Errors
    /// See [`SimError`].
    fn replay(&self, schedule: &Schedule) -> Result<Replay, SimError>;

    /// See [`state_graph`].
    ///
    /// # Errors
    /// See [`SimError`].
    fn state_graph(&self, most: usize) -> Result<StateGraph, SimError>;

    /// See [`stress`](crate::stress).
    ///
    /// # Errors
    /// See [`StressError`].
    fn stress(&self, options: &StressOptions) -> Result<StressReport, StressError> {
        self.stress_until(options, &mut |_| false)
    }

    /// See [`stress_until`].
    ///
    /// # Errors
    /// See [`StressError`].
    fn stress_until(
        &self,
        options: &StressOptions,
        enough: &mut dyn FnMut(&StressReport) -> bool,
    ) -> Result<StressReport, StressError>;
}

impl<T: Shared> Simulate for Scenario<T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn explore(
        &self,
        search: &Search,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<SearchReport, SimError> {
        explore_with(self, search, progress)
    }

    fn replay(&self, schedule: &Schedule) -> Result<Replay, SimError> {
        replay(self, schedule)
    }

    fn state_graph(&self, most: usize) -> Result<StateGraph, SimError> {
        state_graph(self, most)
    }

    fn stress_until(
        &self,
        options: &StressOptions,
        enough: &mut dyn FnMut(&StressReport) -> bool,
    ) -> Result<StressReport, StressError> {
        stress_until(self, options, enough)
    }
}

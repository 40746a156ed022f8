//! System calls: which are stopped, and how each is answered.

pub mod clock;
pub mod filter;
mod futex;
pub mod own_signals;
mod refusals;
pub mod robust;
pub mod syscalls;
pub mod vdso;

use super::context::Context;
use super::world::{World, world};
use super::{crash, step, sys, turn};
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Op, Pending, Step};
use crate::sim::turns::control::State;
use crate::sim::turns::{log, queue};

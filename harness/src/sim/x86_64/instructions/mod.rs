//! What instructions do: each that touches the shared state is decoded, and carried out
//! as steps.

pub mod access;
mod alu;
pub mod decode;
pub mod plan;
pub mod stepped;
mod strings;
mod vectors;

use super::context::Context;
use super::world::World;
use super::{crash, registers, step, sys, turn};
use crate::sim::record::{Op, Pending};
use crate::sim::turns::control::State;

//! Random: at each step, each process that can go is as likely.
//!
//! Limits: a bug that needs one process to go on for long while others wait is
//! unlikely, the more so the longer.

use super::view::View;
use crate::Random;
use crate::sim::processes::ProcessSet;
use crate::sim::record::Pending;

/// A random one of those that can go.
pub fn choose(view: &View<impl Fn(u8) -> Pending>, random: &Random) -> Option<u8> {
    member(view.possible, random)
}

/// A random member of a set; `None` where there is none.
pub fn member(set: ProcessSet, random: &Random) -> Option<u8> {
    let skip = random.draw().checked_rem(set.len().into())?;
    set.iter().nth(skip as usize)
}

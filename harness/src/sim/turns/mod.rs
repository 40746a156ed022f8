//! Whose turn it is, and what has been done: all of an execution that knows no
//! processor.
//!
//! Idea: the processes of an execution share a control page. At each step the one that
//! has the turn decides who goes next, and notes what was done.
//! Limits: called inside signal handlers; nothing here allocates or locks.

pub mod control;
pub mod decide;
pub mod log;
pub mod queue;
pub mod spin;

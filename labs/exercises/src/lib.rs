//! Nothing: the exercises are the examples of this package, one library each.
//!
//! Editors complete and check what Cargo lists. The runner compiles each file by
//! itself, so that one that does not compile breaks nothing but itself; this
//! package is no default member of the workspace for the same reason.

//! What the end-to-end tests share: names that clean up, and peer processes.

mod peer;
mod program;
mod segment_name;

pub use peer::Peer;
pub use program::program;
pub use segment_name::TestName;

//! What the end-to-end tests share: names that clean up, and peer processes.

mod peer;
mod segment_name;

pub use peer::Peer;
pub use segment_name::TestName;

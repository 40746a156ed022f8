//! What the end-to-end tests share: names that clean up, and peer processes.

mod output;
mod peer;
mod program;
mod segment_name;

pub use output::redacted;
pub use peer::Peer;
pub use program::program;
pub use segment_name::TestName;

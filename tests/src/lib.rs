//! What the end-to-end tests share: names that clean up, peer processes, a browser.

mod browser;
mod output;
mod peer;
mod program;
mod segment_name;

pub use browser::Browser;
pub use output::redacted;
pub use peer::Peer;
pub use program::program;
pub use segment_name::TestName;

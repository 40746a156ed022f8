//! A test of one's own, as the chapter "Your own code under the harness" shows it.

mod transfer;

use std::error::Error;

use shmkv_harness::sim::{Search, SimError, explore};
use shmkv_harness::{StressOptions, stress};

// ANCHOR: test
fn main() -> Result<(), Box<dyn Error>> {
    stress(&transfer::locked(), &StressOptions::default())?.assert_held();

    let report = match explore(&transfer::locked(), &Search::unbounded()) {
        Err(error @ SimError::Unsupported { .. }) => {
            println!("not simulated: {error}");
            return Ok(());
        }
        report => report?,
    };
    assert!(report.complete && report.verdict.held(), "{report}");

    // A test that cannot fail says nothing: without the lock this one does.
    let report = explore(&transfer::unlocked(), &Search::unbounded())?;
    let failure = report.failure.expect("a schedule that loses money");
    println!("{}{}", failure.timeline, failure.verdict);
    Ok(())
}
// ANCHOR_END: test

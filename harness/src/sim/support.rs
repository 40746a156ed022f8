//! Whether simulations are possible here.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::Runner;
use super::order::Order;
use super::{HANG, SimError};
use crate::Scenario;

/// Whether this program, on this machine, can run simulations: it runs one, of
/// one step.
///
/// # Errors
/// [`SimError::Unsupported`]: it cannot, and this says in a sentence why not.
/// [`SimError::Threads`]: this program has more than one.
pub fn supported() -> Result<(), SimError> {
    let scenario = Scenario::new("one step", |_: &AtomicU32| {})
        .process("p", |word: &AtomicU32| word.fetch_add(1, Relaxed));
    let executed =
        Runner::new(&scenario, 10, HANG).and_then(|mut runner| runner.run(&Order::default()));
    let why = match executed {
        Ok(execution) if execution.steps.len() == 1 && execution.verdict.held() => return Ok(()),
        Ok(execution) => {
            let (steps, verdict) = (execution.steps.len(), execution.verdict);
            format!("one access to shared memory made {steps} steps, and the verdict: {verdict}")
        }
        Err(SimError::Os(errno)) => format!("a system call failed: {errno}"),
        Err(error) => return Err(error),
    };
    Err(SimError::Unsupported { why })
}

//! A producer and a consumer, told side by side: what one sets, the other sees.
//!
//! The consumer is `lab-4 consumer`, a process of its own, whose lines are shown
//! as they come; the producer is this process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use shmkv::{KeyValue, SegmentName, Store};

use super::producer;
use crate::error::LabError;
use crate::say;

/// Tells of both, on a store of their own.
///
/// # Errors
/// What the store says, or what became of the consumer.
pub fn tell() -> Result<(), LabError> {
    let name = format!("/lab-4-{}", std::process::id());
    let segment = SegmentName::new(&name).map_err(|error| LabError::Usage(error.to_string()))?;
    let store = Store::create(&segment)?;
    let result = watch(&name, &store);
    store.segment().unlink_this()?;
    result
}

fn watch(name: &str, store: &Store) -> Result<(), LabError> {
    let program = std::env::current_exe().map_err(LabError::io("this program was not found"))?;
    let mut consumer = Watched(
        Command::new(program)
            .args(["consumer", "--name", name])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(LabError::io("the consumer could not be started"))?,
    );
    let Some(output) = consumer.0.stdout.take() else { return Ok(()) };
    let mut lines = BufReader::new(output).lines();
    let mut line = || lines.next().transpose().map_err(LabError::io("the consumer is silent"));
    let opened = line()?.unwrap_or_default();
    say!("  consumer: {opened}");
    for (key, value) in producer::PAIRS {
        store.set(key, value)?;
        say!("  producer: set {key} = {value}");
        let seen = line()?.unwrap_or_default();
        say!("  consumer: {seen}");
    }
    Ok(())
}

/// A child that does not outlive its owner.
struct Watched(Child);

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

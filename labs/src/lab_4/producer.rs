//! `lab-4 producer`: creates the store, sets some pairs, waits, and takes the
//! store away again.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use shmkv::{KeyValue, SegmentName, Store};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::remedy::helped;
use super::show;
use crate::error::LabError;
use crate::say;

/// What the C producer sets too.
pub const PAIRS: [(&str, &str); 8] = [
    ("username", "john_doe"),
    ("email", "john@example.com"),
    ("age", "25"),
    ("city", "New York"),
    ("status", "active"),
    ("score", "100"),
    ("level", "5"),
    ("role", "admin"),
];

/// What later C producers set, and their consumers ask for.
const SYSTEM_PAIRS: [(&str, &str); 8] = [
    ("cpu_usage", "45.2"),
    ("memory_usage", "67.8"),
    ("disk_usage", "23.5"),
    ("network_rx", "1024"),
    ("network_tx", "2048"),
    ("uptime", "86400"),
    ("process_count", "127"),
    ("load_avg", "1.25"),
];

/// Which eight pairs to set.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Pairs {
    /// username, email, age, city, status, score, level, role
    User,
    /// What later C programs share: cpu_usage, memory_usage, …
    System,
}

/// A key and a value, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// Reads `KEY=VALUE`, any bytes; the first `=` parts them.
pub fn pair_parser() -> impl TypedValueParser<Value = Pair> {
    OsStringValueParser::new().try_map(|argument| {
        let mut key = argument.into_vec();
        let Some(at) = key.iter().position(|byte| *byte == b'=') else {
            return Err("there is no '=' in it; expected KEY=VALUE".to_owned());
        };
        let value = key.split_off(at + 1);
        key.truncate(at);
        Ok(Pair { key, value })
    })
}

/// Options of `producer`.
#[derive(Args, Clone, Debug)]
pub struct ProducerOptions {
    /// The store's name
    #[arg(long, default_value = shmkv::DEFAULT_NAME, value_parser = name_parser)]
    name: SegmentName,
    /// Which eight pairs to set
    #[arg(long, value_name = "WHICH", default_value = "user")]
    pairs: Pairs,
    /// What to set instead of the eight pairs
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = pair_parser(), conflicts_with = "pairs")]
    set: Vec<Pair>,
}

/// Reads a segment name.
pub fn name_parser(name: &str) -> Result<SegmentName, String> {
    SegmentName::new(name).map_err(|error| error.to_string())
}

/// Runs until SIGINT or SIGTERM.
pub fn run(options: &ProducerOptions) -> Result<bool, LabError> {
    create_and_wait(options).map_err(|error| helped(error, &options.name))
}

fn create_and_wait(options: &ProducerOptions) -> Result<bool, LabError> {
    // Before the store is there: a signal at any later moment is waited for
    // below, and the store is removed.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(LabError::io("signals could not be watched"))?;
    let store = Store::create(&options.name)?;
    let result = produce(&store, options).map(|()| signals.forever().next());
    // What was created here, even if another has put a store of its own there.
    store.segment().unlink_this()?;
    result?;
    say!("{} is unlinked", options.name);
    Ok(true)
}

fn produce(store: &Store, options: &ProducerOptions) -> Result<(), LabError> {
    say!("created {}", options.name);
    let default = match options.pairs {
        Pairs::User => PAIRS,
        Pairs::System => SYSTEM_PAIRS,
    };
    let default = default.map(|(key, value)| Pair { key: key.into(), value: value.into() });
    let pairs = if options.set.is_empty() { &default[..] } else { &options.set };
    for Pair { key, value } in pairs {
        store.set(key, value)?;
        say!("set {} = {}", show::text(key), show::text(value));
    }
    let snapshot = store.entries()?;
    say!("version {}, {} entries", snapshot.version, snapshot.entries.len());
    say!("press Ctrl-C to end");
    Ok(())
}

/// The bytes of an argument.
pub fn bytes(argument: &std::ffi::OsStr) -> &[u8] {
    argument.as_bytes()
}

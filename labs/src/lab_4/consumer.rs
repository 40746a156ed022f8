//! `lab-4 consumer`: shows the store, and each change of it as it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use shmkv::{
    Change, Deadline, Entry, KeyValue, Owner, Process, SegmentError, Snapshot, Store, StoreError,
};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::remedy::helped;
use super::show;
use super::store_commands::Named;
use crate::error::LabError;
use crate::say;

/// How often it looks whether a signal has come, or the store is gone.
const LOOK: Duration = Duration::from_millis(100);

/// Options of `consumer`.
#[derive(Args, Clone, Debug)]
pub struct ConsumerOptions {
    #[command(flatten)]
    store: Named,
    /// How long to wait for the store to appear
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Print one JSON document a line
    #[arg(long)]
    json: bool,
}

/// Runs until SIGINT or SIGTERM, or until the store is unlinked.
pub fn run(options: &ConsumerOptions) -> Result<bool, LabError> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended))
            .map_err(LabError::io("signals could not be watched"))?;
    }
    follow(options, &ended).map_err(|error| helped(error, &options.store.name))?;
    Ok(true)
}

fn follow(options: &ConsumerOptions, ended: &AtomicBool) -> Result<(), LabError> {
    let Some(store) = open(options, ended)? else { return Ok(()) };
    let mut shown: Option<Snapshot> = None;
    let mut told = false;
    while !ended.load(Relaxed) {
        if let Some(now) = next(&store, shown.as_ref())? {
            match &shown {
                None => show_all(&now, options.json)?,
                Some(before) => show_changes(before, &now, options.json)?,
            }
            shown = Some(now);
        } else if !store.segment().is_named()? {
            return tell(options.json, json!({ "event": "unlinked" }), || {
                format!("{} was unlinked", options.store.name)
            });
        } else if let Owner::Dead(process) = store.owner() {
            if !told {
                tell_of_death(options, &process)?;
                told = true;
            }
            thread::sleep(LOOK);
        } else {
            told = false;
        }
    }
    Ok(())
}

/// The table, if it is another than before, waiting for that a little; `None`, too,
/// where its owner is dead, so that nobody can read it.
fn next(store: &Store, before: Option<&Snapshot>) -> Result<Option<Snapshot>, StoreError> {
    if let Some(before) = before
        && store.wait_for_change(before.version, Deadline::after(LOOK))?.is_none()
    {
        return Ok(None);
    }
    match store.entries() {
        Err(StoreError::LockTimeout { owner: Owner::Dead(_), .. }) => Ok(None),
        now => now.map(Some),
    }
}

fn tell_of_death(options: &ConsumerOptions, owner: &Process) -> Result<(), LabError> {
    let name = &options.store.name;
    let document = json!({ "event": "owner died", "pid": owner.pid, "name": owner.name });
    tell(options.json, document, || {
        format!(
            "{owner} died while it held the lock; nothing changes until \
             `lab-4 recover --name {name}`"
        )
    })
}

/// Opens the store, once it is there; `None` where a signal came first.
fn open(options: &ConsumerOptions, ended: &AtomicBool) -> Result<Option<Store>, LabError> {
    let deadline = Deadline::after(Duration::from_secs(options.wait));
    loop {
        match options.store.open() {
            Ok(store) => return Ok(Some(store)),
            Err(error) if may_come(&error) && !deadline.passed() => {}
            Err(error) => return Err(error.into()),
        }
        if ended.load(Relaxed) {
            return Ok(None);
        }
        thread::sleep(LOOK.min(deadline.remaining()));
    }
}

/// Whether the store may yet be created.
fn may_come(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotReady { .. } | StoreError::Segment(SegmentError::NotFound { .. })
    )
}

fn show_all(snapshot: &Snapshot, as_json: bool) -> Result<(), LabError> {
    if as_json {
        say!("{}", json!({ "event": "opened", "table": show::json_snapshot(snapshot) }));
        return Ok(());
    }
    say!("version {}, {} entries", snapshot.version, snapshot.entries.len());
    for entry in &snapshot.entries {
        say!("  {} = {}", show::text(&entry.key), show::text(&entry.value));
    }
    Ok(())
}

/// What is different, key by key; several changes at once are one difference.
fn show_changes(before: &Snapshot, now: &Snapshot, as_json: bool) -> Result<(), LabError> {
    let version = now.version;
    let mut silent = true;
    for change in now.changes_since(before) {
        silent = false;
        match change {
            Change::Set(Entry { key, value, .. }) => {
                let document = json!({
                    "event": "set", "version": version,
                    "key": show::json_text(key), "value": show::json_text(value),
                });
                tell(as_json, document, || {
                    format!("version {version}: {} = {}", show::text(key), show::text(value))
                })?;
            }
            Change::Deleted(Entry { key, .. }) => {
                let document = json!({
                    "event": "delete", "version": version, "key": show::json_text(key),
                });
                let words = || format!("version {version}: {} is gone", show::text(key));
                tell(as_json, document, words)?;
            }
        }
    }
    if silent {
        // Set to what it was within one second, or set and deleted again.
        let document = json!({ "event": "unchanged", "version": version });
        tell(as_json, document, || format!("version {version}: the pairs are as before"))?;
    }
    Ok(())
}

fn tell(as_json: bool, document: Value, words: impl FnOnce() -> String) -> Result<(), LabError> {
    if as_json {
        say!("{document}");
    } else {
        say!("{}", words());
    }
    Ok(())
}

//! `lab-4 get`, `set`, `delete`, `list`, `clear`, `recover`, `unlink`: one operation
//! on a named store.

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shmkv::{KeyValue, OpenOptions, SegmentName, Store, StoreError};

use super::producer::{Pair, bytes, name_parser, pair_parser};
use super::remedy::helped;
use super::show;
use crate::error::{self, LabError};
use crate::{say, screen};

/// Which store.
#[derive(Args, Clone, Debug)]
pub struct Named {
    /// The store's name
    #[arg(long, default_value = shmkv::DEFAULT_NAME, value_parser = name_parser)]
    pub name: SegmentName,
    /// Also open stores of this user
    #[arg(long, value_name = "ID")]
    allow_owner: Option<u32>,
}

impl Named {
    /// Whose stores are opened.
    pub fn options(&self) -> OpenOptions {
        let options = OpenOptions::new();
        self.allow_owner.map_or(options, |owner| options.allow_owner(owner))
    }

    /// Opens it.
    ///
    /// # Errors
    /// Those of [`Store::open_with`].
    pub fn open(&self) -> Result<Store, StoreError> {
        Store::open_with(&self.name, self.options())
    }
}

/// Which store, and how to answer.
#[derive(Args, Clone, Debug)]
pub struct Target {
    #[command(flatten)]
    store: Named,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One operation.
#[derive(Subcommand, Clone, Debug)]
pub enum StoreCommand {
    /// Print the value of a key; escaped, if it would steer the terminal
    Get {
        /// The key
        key: OsString,
        #[command(flatten)]
        target: Target,
    },
    /// Set pairs
    Set {
        /// The pairs
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = pair_parser())]
        pairs: Vec<Pair>,
        /// Create the store where there is none
        #[arg(long)]
        create: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a key
    Delete {
        /// The key
        key: OsString,
        #[command(flatten)]
        target: Target,
    },
    /// Print all pairs, as they are at one moment
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Delete all keys
    Clear {
        #[command(flatten)]
        target: Target,
    },
    /// Free the lock of an owner that died, and repair the table
    Recover {
        #[command(flatten)]
        target: Target,
    },
    /// Remove the store's name; who has it open keeps it
    Unlink {
        #[command(flatten)]
        target: Target,
    },
}

impl StoreCommand {
    fn target(&self) -> &Target {
        match self {
            Self::Get { target, .. }
            | Self::Set { target, .. }
            | Self::Delete { target, .. }
            | Self::List { target }
            | Self::Clear { target }
            | Self::Recover { target }
            | Self::Unlink { target } => target,
        }
    }
}

/// Does it, and prints what came of it.
pub fn run(command: &StoreCommand) -> Result<bool, LabError> {
    carry_out(command).map_err(|error| helped(error, &command.target().store.name))
}

fn carry_out(command: &StoreCommand) -> Result<bool, LabError> {
    match command {
        StoreCommand::Get { key, target } => {
            let value = target.store.open()?.get(bytes(key))?;
            let document =
                json!({ "key": show::json_text(bytes(key)), "value": show::json_text(&value) });
            if target.json || std::io::stdout().is_terminal() {
                answer(target, document, || show::text(&value))?;
            } else {
                error::bytes(&value)?;
            }
        }
        StoreCommand::Set { pairs, create, target } => set(pairs, *create, target)?,
        StoreCommand::Delete { key, target } => {
            let version = target.store.open()?.delete(bytes(key))?;
            let document = json!({ "key": show::json_text(bytes(key)), "version": version });
            answer(target, document, || {
                format!("deleted {}; version {version}", show::text(bytes(key)))
            })?;
        }
        StoreCommand::List { target } => {
            let snapshot = target.store.open()?.entries()?;
            answer(target, show::json_snapshot(&snapshot), || {
                let table = screen::table(&show::snapshot_table(&snapshot));
                let count = snapshot.entries.len();
                format!("{table}version {}, {count} of {} slots", snapshot.version, shmkv::CAPACITY)
            })?;
        }
        StoreCommand::Clear { target } => {
            let version = target.store.open()?.clear()?;
            answer(target, json!({ "version": version }), || {
                format!("cleared; version {version}")
            })?;
        }
        StoreCommand::Recover { target } => recover(target)?,
        StoreCommand::Unlink { target } => {
            Store::unlink(&target.store.name)?;
            answer(target, json!({ "unlinked": target.store.name.as_str() }), || {
                format!("{} is unlinked", target.store.name)
            })?;
        }
    }
    Ok(true)
}

/// Sets the pairs in order; those before one that fails stay set, and are told.
fn set(pairs: &[Pair], create: bool, target: &Target) -> Result<(), LabError> {
    let store = match create {
        true => Store::create_or_open_with(&target.store.name, target.store.options())?,
        false => target.store.open()?,
    };
    let mut documents = Vec::new();
    let result = pairs.iter().try_for_each(|Pair { key, value }| {
        let version = store.set(key, value)?;
        documents.push(json!({
            "key": show::json_text(key), "value": show::json_text(value), "version": version,
        }));
        if !target.json {
            say!("set {} = {}; version {version}", show::text(key), show::text(value));
        }
        Ok(())
    });
    if target.json {
        say!("{}", json!({ "set": documents }));
    }
    result
}

fn recover(target: &Target) -> Result<(), LabError> {
    let Some(recovered) = Store::recover_with(&target.store.name, target.store.options())? else {
        return answer(target, json!({ "recovered": false }), || {
            "nothing to recover: the lock is free, and the table whole".into()
        });
    };
    let (before, now) = recovered.entry_count;
    let document = json!({
        "recovered": true,
        "found": recovered.lock.to_string(),
        "version": recovered.version,
        "restored": recovered.restored,
        "freed": recovered.freed,
        "entry_count": { "before": before, "now": now },
    });
    answer(target, document, || recovered.to_string())
}

fn answer(
    target: &Target,
    document: Value,
    words: impl FnOnce() -> String,
) -> Result<(), LabError> {
    if target.json {
        say!("{document}");
    } else {
        say!("{}", words());
    }
    Ok(())
}

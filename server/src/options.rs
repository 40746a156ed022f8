//! What can be said on the command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use nix::unistd::User;
use shmkv::{DEFAULT_NAME, OpenOptions, SegmentName};

use crate::gate::{Origin, parse_host};

const EXAMPLES: &str = "\
Examples:
  server                          /gitflow_kv_store on 127.0.0.1:8000
  server --bind 127.0.0.1:0       any free port; the first line says which
  server --name /demo --unlink    a segment of its own, removed at the end
  server --read-only              look, and change nothing
  server --bind 0.0.0.0:8000 --allow-host my-laptop
                                  for other machines: http://my-laptop:8000
  curl http://127.0.0.1:8000/get/mykey";

/// The key-value store over HTTP: a REST API, live events, and a page at /.
#[derive(Clone, Debug, Parser)]
#[command(name = "server", version, after_help = EXAMPLES, next_line_help = true)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    pub bind: SocketAddr,

    /// The segment; created where there is none.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub name: SegmentName,

    /// Another origin whose pages may use the API, beside those at port
    /// 3000 of localhost and 127.0.0.1. May be given several times
    #[arg(long, verbatim_doc_comment, value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,

    /// Another host name by which the server may be called, beside
    /// localhost and its own addresses: this machine's, for other
    /// machines. May be given several times
    #[arg(long, verbatim_doc_comment, value_name = "HOST", value_parser = parse_host)]
    pub allow_host: Vec<String>,

    /// Another user, by name or number, whose segment is used as well,
    /// whatever its mode. That user can forge what is in it, and end the
    /// server by cutting it short
    #[arg(long, verbatim_doc_comment, value_name = "USER", value_parser = user)]
    pub allow_owner: Option<u32>,

    /// Change nothing: neither create the segment, nor set, nor delete.
    #[arg(long)]
    pub read_only: bool,

    /// Remove the segment's name at the end.
    #[arg(long, conflicts_with = "read_only")]
    pub unlink: bool,

    /// How long a request waits for the store's lock, at most.
    #[arg(
        long = "lock-timeout-ms",
        value_name = "MS",
        default_value = "5000",
        value_parser = milliseconds
    )]
    pub lock_timeout: Duration,

    /// How long a client may take to send a request, or leave what it is
    /// sent untouched, before it is cut off
    #[arg(
        long = "stall-timeout-ms",
        verbatim_doc_comment,
        value_name = "MS",
        default_value = "10000",
        value_parser = milliseconds
    )]
    pub stall_timeout: Duration,
}

impl Options {
    /// Whose segments are opened.
    pub fn trust(&self) -> OpenOptions {
        let own = OpenOptions::new();
        self.allow_owner.map_or(own, |owner| own.allow_owner(owner))
    }
}

/// A user's number, by its name or as it is.
fn user(text: &str) -> Result<u32, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    match User::from_name(text) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => Err("there is no user of this name".into()),
        Err(errno) => Err(format!("the user cannot be looked up: {errno}")),
    }
}

/// 1 to 3,600,000 milliseconds.
fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number @ 1..=3_600_000) => Ok(Duration::from_millis(number)),
        _ => Err("it must be a number of milliseconds from 1 to 3600000".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_agree_with_themselves() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn help_fits_80_columns() {
        use clap::CommandFactory;
        let help = Options::command().render_long_help().to_string();
        let wide: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let options = Options::parse_from(["server"]);
        assert_eq!(options.bind.to_string(), "127.0.0.1:8000");
        assert_eq!(options.name.as_str(), "/gitflow_kv_store");
        assert_eq!(options.lock_timeout, Duration::from_secs(5));
    }

    #[test]
    fn host_names_are_checked_when_they_are_given() {
        let host = |text| Options::try_parse_from(["server", "--allow-host", text]);
        assert_eq!(host("My-Laptop").unwrap().allow_host, ["my-laptop"]);
        for text in ["", "my-laptop:8000", "http://my-laptop", "*", "a b"] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn owner_is_a_name_or_a_number() {
        let owner = |text| {
            let options = Options::try_parse_from(["server", "--allow-owner", text]);
            options.map(|options| options.allow_owner)
        };
        assert_eq!(owner("1000").unwrap(), Some(1000));
        assert_eq!(owner("root").unwrap(), Some(0));
        for text in ["", "-1", "no such user"] {
            assert!(owner(text).is_err(), "{text}");
        }
    }

    #[test]
    fn time_of_zero_is_refused() {
        assert!(Options::try_parse_from(["server", "--lock-timeout-ms", "0"]).is_err());
    }
}

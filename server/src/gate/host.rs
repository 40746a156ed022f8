//! Whether a `Host` is one of our names.
//!
//! Idea: an address cannot be pointed elsewhere, a name can. So localhost, the
//! loopback addresses, and the address that the connection came to are ours;
//! any other name must have been allowed. The port is not looked at: it is
//! another one where the connection was forwarded.
//! Source: RFC 9110, section 7.2; RFC 6761, section 6.3, for localhost.

use std::net::{IpAddr, Ipv6Addr};

/// A name that the server may be called by, from the command line.
///
/// # Errors
/// A sentence, where no request can have it as its host.
pub fn parse(name: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("it must be a host's name alone, without http:// and port, as my-laptop".into());
    }
    Ok(name.to_ascii_lowercase())
}

/// Whether `host`, with or without a port, means us, who were reached at `local`.
pub fn is_ours(host: &str, local: IpAddr, allowed: &[String]) -> bool {
    let Some(name) = without_port(host) else { return false };
    if let Some(address) = address(name) {
        return address.is_loopback() || address == local.to_canonical();
    }
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || allowed.contains(&name)
}

/// The part before the port; `None` where the rest is no port.
fn without_port(host: &str) -> Option<&str> {
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
    (is_port && !name.is_empty()).then_some(name)
}

fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(inner) => Some(IpAddr::V6(inner.parse::<Ipv6Addr>().ok()?).to_canonical()),
        None => Some(IpAddr::V4(name.parse().ok()?)),
    }
}

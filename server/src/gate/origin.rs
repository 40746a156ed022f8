//! Origins of web pages: scheme, host and port.

use std::fmt;
use std::str::FromStr;

/// An origin such as `https://example.org` or `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Whether an `Origin` header with this text names it.
    pub fn matches(&self, header: &str) -> bool {
        self.0.eq_ignore_ascii_case(header)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let authority = rest.ok_or("an origin begins with http:// or https://")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(plain) {
            return Err("after its scheme an origin has a host and perhaps a port, \
                        and nothing behind them, as in https://example.org:8443"
                .into());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! Names of segments, checked once, at the edge.
//!
//! Idea: whatever takes a [`SegmentName`] need not check it again.
//! Source: shm_open(3): "/somename". On Linux the object is the file
//! `/dev/shm/somename`, so the name must be a plain file name.
//! Limits: 1 to 254 bytes after the slash; glibc refuses longer names.

use std::fmt;
use std::str::FromStr;

/// Bytes after the slash, at most.
const MAX_BYTES: usize = 254;

/// The name of a segment: `/`, then 1 to 254 bytes with no other `/` and no NUL.
///
/// ```
/// use shmkv::SegmentName;
///
/// let name: SegmentName = "/kv".parse()?;
/// assert_eq!(name.as_str(), "/kv");
/// assert!("kv".parse::<SegmentName>().is_err());
/// # Ok::<(), shmkv::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentName(String);

/// Why a text is not a segment's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It does not begin with a slash.
    #[error("segment name {name:?} does not begin with a slash")]
    NoSlash {
        /// The text.
        name: String,
    },
    /// Nothing follows the slash.
    #[error("segment name \"/\" has nothing after its slash")]
    Empty,
    /// There is a slash after the first.
    #[error(
        "segment name {name:?} has a second slash at byte {at}; only the first byte may be one"
    )]
    SecondSlash {
        /// The text.
        name: String,
        /// Where the second slash is, in bytes from the start.
        at: usize,
    },
    /// There is a NUL.
    #[error("segment name {name:?} has a NUL at byte {at}")]
    Nul {
        /// The text.
        name: String,
        /// Where the NUL is, in bytes from the start.
        at: usize,
    },
    /// It is too long.
    #[error("segment name has {found} bytes after its slash; at most {limit} are possible")]
    TooLong {
        /// Bytes after the slash.
        found: usize,
        /// The most there may be.
        limit: usize,
    },
    /// `/.` and `/..` are directories.
    #[error("segment name {name:?} means a directory")]
    Directory {
        /// The text.
        name: String,
    },
}

impl SegmentName {
    /// Checks `name`.
    ///
    /// # Errors
    /// One [`NameError`] for each rule that it can break.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        let Some(rest) = name.strip_prefix('/') else {
            return Err(NameError::NoSlash { name });
        };
        if rest.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(at) = rest.find('/') {
            return Err(NameError::SecondSlash { at: at + 1, name });
        }
        if let Some(at) = rest.find('\0') {
            return Err(NameError::Nul { at: at + 1, name });
        }
        if rest.len() > MAX_BYTES {
            return Err(NameError::TooLong { found: rest.len(), limit: MAX_BYTES });
        }
        if rest == "." || rest == ".." {
            return Err(NameError::Directory { name });
        }
        Ok(Self(name))
    }

    /// The whole name, with its slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the file in `/dev/shm`: all but the slash.
    pub(crate) fn file_name(&self) -> &str {
        &self.0[1..]
    }
}

impl FromStr for SegmentName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for SegmentName {
    type Error = NameError;

    fn try_from(name: &str) -> Result<Self, NameError> {
        Self::new(name)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::one_byte("/a".into())]
    #[case::longest(format!("/{}", "x".repeat(254)))]
    #[case::default("/gitflow_kv_store".into())]
    #[case::not_ascii("/schlüssel".into())]
    #[case::dots("/...".into())]
    fn name_within_the_rules_is_kept(#[case] name: String) {
        assert_eq!(SegmentName::new(name.clone()).unwrap().as_str(), name);
    }

    #[rstest]
    #[case::empty("", NameError::NoSlash { name: "".into() })]
    #[case::no_slash("kv", NameError::NoSlash { name: "kv".into() })]
    #[case::only_slash("/", NameError::Empty)]
    #[case::two_slashes("/a/b", NameError::SecondSlash { name: "/a/b".into(), at: 2 })]
    #[case::two_leading("//", NameError::SecondSlash { name: "//".into(), at: 1 })]
    #[case::nul("/a\0b", NameError::Nul { name: "/a\0b".into(), at: 2 })]
    #[case::dot("/.", NameError::Directory { name: "/.".into() })]
    #[case::dot_dot("/..", NameError::Directory { name: "/..".into() })]
    fn name_outside_the_rules_says_which(#[case] name: &str, #[case] error: NameError) {
        assert_eq!(SegmentName::new(name), Err(error));
    }

    #[rstest]
    #[case(255)]
    #[case(300)]
    fn name_too_long_says_found_and_limit(#[case] length: usize) {
        let error = SegmentName::new(format!("/{}", "x".repeat(length))).unwrap_err();
        assert_eq!(error, NameError::TooLong { found: length, limit: 254 });
        assert!(error.to_string().contains("at most 254"), "{error}");
    }
}

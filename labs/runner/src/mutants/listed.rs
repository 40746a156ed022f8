//! Mutants that are as right as the solution, each with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

/// The file of one exercise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    #[serde(default)]
    equivalent: Vec<Entry>,
}

/// Mutants that are equivalent for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// By their names.
    mutants: Vec<String>,
    /// Why nothing can tell them from the solution.
    why: String,
}

/// The mutants of one exercise that are listed as equivalent, each with the reason.
///
/// A name that ends with a star stands for all that begin like it. Some of these may
/// be rejected.
#[derive(Debug, Default)]
pub struct Listed(BTreeMap<String, String>);

impl Listed {
    /// Reads a list. Where there is no file, it is empty.
    ///
    /// # Errors
    /// A sentence: the file cannot be read, or is not in the form that it should have.
    pub fn read(file: &Path) -> Result<Self, String> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("{}: {error}", file.display())),
        };
        parse(&text).map_err(|why| format!("{}: {why}", file.display()))
    }

    /// Why the mutant called `id` is equivalent, where it is listed.
    pub fn reason(&self, id: &str) -> Option<&str> {
        let entry = self.0.iter().find(|(name, _)| stands_for(name, id));
        entry.map(|(_, why)| why.as_str())
    }

    /// Whether it is listed by its whole name.
    pub fn names(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// What is listed and is none of these mutants, a sentence each.
    pub fn unknown<'a>(&self, ids: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let unknown = self.0.keys().filter(|name| !ids.clone().any(|id| stands_for(name, id)));
        unknown.map(|name| format!("no mutant is called {name:?}, which is listed")).collect()
    }
}

fn stands_for(name: &str, id: &str) -> bool {
    name == id || name.strip_suffix('*').is_some_and(|start| id.starts_with(start))
}

fn parse(text: &str) -> Result<Listed, String> {
    let listing: Listing = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut listed = BTreeMap::new();
    for Entry { mutants, why } in listing.equivalent {
        if why.trim().is_empty() {
            return Err(format!("there is no reason for {}", mutants.join(", ")));
        }
        for mutant in mutants {
            if listed.insert(mutant.clone(), why.clone()).is_some() {
                return Err(format!("{mutant} is listed twice"));
            }
        }
    }
    Ok(Listed(listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutant_is_listed_once_with_a_reason() {
        let entry =
            |why: &str| format!("[[equivalent]]\nmutants = ['a', 'b: *']\nwhy = \"{why}\"\n");
        let listed = parse(&entry("They are.")).expect("a listing");
        assert_eq!(
            ["a", "b: x", "a: x", "b"].map(|id| listed.reason(id).is_some()),
            [true, true, false, false]
        );
        assert_eq!(["a", "b: x"].map(|id| listed.names(id)), [true, false]);
        assert_eq!(listed.unknown(["a", "b: x"].into_iter()), [""; 0]);
        assert_eq!(listed.unknown(["a"].into_iter()).len(), 1);
        let twice = parse(&(entry("One.") + &entry("Two."))).expect_err("listed twice");
        assert_eq!(twice, "a is listed twice");
        assert!(parse(&entry(" ")).expect_err("no reason").starts_with("there is no reason"));
        assert!(parse("[[equivalents]]\n").is_err());
    }
}

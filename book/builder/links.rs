//! The links of the built book, all of them.
//!
//! Idea: mdBook copies a link as it stands, so the finished pages are what is
//! checked: each address that is not on another site must be a file, and each
//! fragment an `id` in it.
//! Limits: addresses on other sites are not visited. Attributes are found by
//! their text, which mdBook writes in one form: `href="…"`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::BookError;

/// A link that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenLink {
    /// The page it is on.
    pub page: String,
    /// The address.
    pub address: String,
}

impl fmt::Display for BrokenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.page, self.address)
    }
}

/// Looks at every link of every page in `folder`.
///
/// # Errors
/// [`BookError::BrokenLinks`] with all that lead nowhere; [`BookError::Read`].
pub fn check_links(folder: &Path) -> Result<(), BookError> {
    let mut pages = BTreeMap::new();
    read_pages(folder, Path::new(""), &mut pages)?;
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> =
        pages.iter().map(|(path, text)| (path, values(text, "id").collect())).collect();

    let mut links = Vec::new();
    for (path, text) in &pages {
        let addresses = values(text, "href").chain(values(text, "src"));
        let here = addresses.filter(|address| !leaves(address));
        let broken = here.filter(|address| !leads_somewhere(folder, path, address, &ids));
        links.extend(broken.map(|address| BrokenLink {
            page: path.display().to_string(),
            address: address.to_owned(),
        }));
    }
    if links.is_empty() { Ok(()) } else { Err(BookError::BrokenLinks { links }) }
}

/// All HTML files below `folder/inner`, by their paths from `folder`.
fn read_pages(
    folder: &Path,
    inner: &Path,
    pages: &mut BTreeMap<PathBuf, String>,
) -> Result<(), BookError> {
    let here = folder.join(inner);
    let failed = |source| BookError::Read { file: here.clone(), source };
    for entry in fs::read_dir(&here).map_err(failed)? {
        let path = inner.join(entry.map_err(failed)?.file_name());
        let file = folder.join(&path);
        if file.is_dir() {
            read_pages(folder, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&file);
            let text = text.map_err(|source| BookError::Read { file, source })?;
            pages.insert(path, text);
        }
    }
    Ok(())
}

/// The values of an attribute, wherever it stands in `text`.
fn values<'a>(text: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {attribute}=\"");
    let found: Vec<usize> = text.match_indices(&start).map(|(at, _)| at + start.len()).collect();
    found.into_iter().filter_map(|at| text[at..].split('"').next())
}

/// Whether an address is on another site.
fn leaves(address: &str) -> bool {
    ["http:", "https:", "data:", "mailto:"].iter().any(|scheme| address.starts_with(scheme))
}

fn leads_somewhere(
    folder: &Path,
    page: &Path,
    address: &str,
    ids: &BTreeMap<&PathBuf, BTreeSet<&str>>,
) -> bool {
    let (file, fragment) = address.split_once('#').unwrap_or((address, ""));
    let target = match file {
        "" => page.to_owned(),
        file => normal(&page.parent().unwrap_or(Path::new("")).join(file)),
    };
    if fragment.is_empty() {
        return folder.join(&target).is_file();
    }
    ids.get(&target).is_some_and(|ids| ids.contains(fragment))
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            std::path::Component::Normal(part) => normal.push(part),
            _ => {}
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of pages, and the links that are broken in it.
    fn broken(pages: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in pages {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a page");
        }
        match check_links(folder.path()) {
            Ok(()) => Vec::new(),
            Err(BookError::BrokenLinks { links }) => {
                links.iter().map(ToString::to_string).collect()
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn links_to_files_and_ids_that_are_there_are_good() {
        let index = "<a href=\"a/b.html\"></a><a href=\"a/b.html#x\"></a><a href=\"#here\"></a>\
                     <p id=\"here\"></p><a href=\"https://elsewhere.org/#y\"></a>";
        let inner = "<h2 id=\"x\"></h2><img src=\"../p.svg\"><a href=\"../index.html#here\"></a>";
        assert_eq!(
            broken(&[("index.html", index), ("a/b.html", inner), ("p.svg", "<svg/>")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_named_with_their_page() {
        let index = "<a href=\"no.html\"></a><a href=\"a.html#no\"></a><img src=\"no.svg\">\
                     <a href=\"#nor\"></a>";
        assert_eq!(
            broken(&[("index.html", index), ("a.html", "<p id=\"yes\">")]),
            [
                "index.html: no.html",
                "index.html: a.html#no",
                "index.html: #nor",
                "index.html: no.svg"
            ]
        );
    }
}

//! The book, built and served by its own program for as long as the tests run.

use shmkv_tests::Peer;

/// The served book; the server ends when this is dropped.
pub struct Site {
    address: String,
    _server: Peer,
    _folder: tempfile::TempDir,
}

impl Site {
    /// Builds the book and serves it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        let arguments = ["--out", &out, "--port", "0"];
        let mut server = Peer::start(env!("CARGO_BIN_EXE_book"), &arguments);
        let built = server.line();
        assert!(built.starts_with("built: "), "{built:?}");
        let line = server.line();
        let address = line.strip_prefix("The book is at ").and_then(|rest| rest.split(';').next());
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { address, _server: server, _folder: folder }
    }

    /// The address of a page.
    pub fn page(&self, file: &str) -> String {
        format!("{}{file}", self.address)
    }

    /// The pages that the summary names, and the one that prints them all.
    pub fn pages() -> Vec<String> {
        let summary = include_str!("../../src/SUMMARY.md");
        let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let chapters = links.map(|file| file.replace(".md", ".html"));
        chapters.chain(["print.html".to_owned()]).collect()
    }
}

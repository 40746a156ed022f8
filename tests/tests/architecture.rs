//! What ARCHITECTURE.md says, where a program can check it.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder and of those in it, from the root.
fn rust_files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder").flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files
}

fn is_unsafe(text: &str) -> bool {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")).any(|line| {
        ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|it| line.contains(it))
    })
}

/// Rule 6 names the places of `unsafe`: it is nowhere else, and in each of them.
#[test]
fn unsafe_code_is_where_the_rule_says() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, rule) = text.split_once("6. `unsafe` stays in ").expect("rule 6");
    let rule = rule.split("\n\n").next().expect("its end");
    let places: Vec<&str> = rule.split('`').skip(1).step_by(2).collect();
    let mut seen = vec![false; places.len()];
    let folders = [
        "core/src",
        "harness/src",
        "labs/src",
        "labs/grader/src",
        "labs/runner/src",
        "server/src",
        "bindings/c/src",
        "book/builder",
        "bugs/src",
    ];
    for file in folders.into_iter().flat_map(rust_files) {
        if is_unsafe(&fs::read_to_string(root().join(&file)).expect("a file")) {
            let place = places.iter().position(|place| file.starts_with(place));
            seen[place.unwrap_or_else(|| panic!("{file} is not among {places:?}"))] = true;
        }
    }
    for (place, seen) in places.iter().zip(seen) {
        assert!(seen, "{place} has no unsafe code");
    }
}

/// Files that the map names are there.
#[test]
fn files_that_are_named_are_there() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let all: Vec<String> = ["core", "harness", "labs", "server", "bindings", "book", "benches", "bugs"]
        .into_iter()
        .flat_map(rust_files)
        .collect();
    let named = text.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs"));
    let missing: Vec<&str> = named
        .filter(|name| !name.contains(['{', '*', ' ', 'N']))
        .filter(|name| !all.iter().any(|file| file.ends_with(&format!("/{name}")) || file == name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

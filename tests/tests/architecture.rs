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

/// The places that rule 6 of ARCHITECTURE.md names.
fn places_of_unsafe_code() -> Vec<String> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, rule) = text.split_once("6. `unsafe` stays in ").expect("rule 6");
    let rule = rule.split("\n\n").next().expect("its end");
    rule.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Rule 6 names the places of `unsafe`: it is nowhere else, and in each of them.
#[test]
fn unsafe_code_is_where_the_rule_says() {
    let places = places_of_unsafe_code();
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

/// The compiler refuses `unsafe` in these libraries; the modules that are excepted are
/// the places of rule 6. Modules that `shared!` writes an `unsafe impl` into have none
/// of their own, as the test above sees.
#[test]
fn compiler_refuses_unsafe_code_elsewhere() {
    let places = places_of_unsafe_code();
    for library in ["core/src", "harness/src", "server/src"] {
        let file = |path: &str| fs::read_to_string(root().join(path)).expect("a file");
        assert!(file(&format!("{library}/lib.rs")).contains("#![deny(unsafe_code)]"), "{library}");
        let mut allowed: Vec<String> = Vec::new();
        for path in rust_files(library) {
            let folder = path.rsplit_once('/').expect("a folder").0;
            let text = file(&path);
            for exception in text.split("allow(unsafe_code)]").skip(1) {
                let module = exception.trim_start().trim_start_matches("pub ");
                let module = module.strip_prefix("mod ").and_then(|it| it.split_once(';'));
                let (module, _) = module.unwrap_or_else(|| panic!("{path} excepts no module"));
                let inner = root().join(format!("{folder}/{module}")).is_dir();
                allowed.push(format!("{folder}/{module}{}", if inner { "/" } else { ".rs" }));
            }
        }
        allowed.sort();
        let mut named: Vec<&String> = places.iter().filter(|it| it.starts_with(library)).collect();
        named.sort();
        assert_eq!(allowed.iter().collect::<Vec<_>>(), named, "{library}");
    }
}

/// Files that the map and the guide for contributors name are there.
#[test]
fn files_that_are_named_are_there() {
    let text = ["ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(|name| fs::read_to_string(root().join(name)).expect(name))
        .concat();
    let all: Vec<String> =
        ["core", "harness", "labs", "server", "bindings", "book", "benches", "bugs", "tests"]
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

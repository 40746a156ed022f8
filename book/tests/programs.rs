//! What programs print in the chapters.

use escargot::CargoBuild;
use shmkv_tests::{TestName, program};

/// The chapter "Shared memory from zero" shows this snapshot.
#[test]
fn shared_memory_shows_what_is_shared() {
    let example = CargoBuild::new().package("shmkv-book").example("shared_memory");
    let output = example.run().expect("the example").command().output().expect("its output");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("shared_memory", String::from_utf8_lossy(&output.stdout));
}

/// The chapter of lab 4 shows this snapshot, with `/demo` for a name of this test's own.
#[test]
fn store_is_used_from_a_shell() {
    let name = TestName::new("book");
    let mut session = String::new();
    for line in [
        "set --create --name /demo city=Rome 'name=Ada Lovelace'",
        "list --name /demo",
        "get --name /demo name",
        "delete --name /demo city",
        "get --name /demo city",
        "unlink --name /demo",
    ] {
        session += &format!("$ lab-4 {line}\n{}", run(line, name.as_str()));
    }
    insta::assert_snapshot!("lab_4_session", session);
}

/// What `lab-4` prints with these arguments, on the store `name` in place of `/demo`.
fn run(line: &str, name: &str) -> String {
    let words = line.split('\'').enumerate().flat_map(|(i, piece)| match i % 2 {
        0 => piece.split_whitespace().map(|word| word.replace("/demo", name)).collect(),
        _ => vec![piece.to_owned()],
    });
    let output = program("lab-4").args(words).output().expect("lab 4 runs");
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8(printed).expect("it prints text").replace(name, "/demo")
}

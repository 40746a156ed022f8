//! What the chapters' own programs print.

use escargot::CargoBuild;

/// The chapter shows this snapshot.
#[test]
fn shared_memory_shows_what_is_shared() {
    let example = CargoBuild::new().package("shmkv-book").example("shared_memory");
    let output = example.run().expect("the example").command().output().expect("its output");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("shared_memory", String::from_utf8_lossy(&output.stdout));
}

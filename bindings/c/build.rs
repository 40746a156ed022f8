//! Gives the shared library that Cargo builds its name, by which programs linked to
//! it find it when they start, wherever it was when they were linked; and no debug
//! information, of which Rust's standard library has ten times what the code takes.
//! The one that is installed is made by `install-c`.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libshared_memory_kv.so");
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--strip-debug");
    }
    println!("cargo::rerun-if-changed=build.rs");
}

//! Gives the shared library its name, by which programs linked to it find it
//! when they start, wherever it was when they were linked.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libshared_memory_kv.so");
    println!("cargo::rerun-if-changed=build.rs");
}

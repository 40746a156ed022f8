//! The two libraries as they are installed, made of the archive that Cargo builds.
//!
//! Idea: that archive holds the whole of Rust's standard library. The linker makes
//! one object of what the header's functions need, and only these functions can be
//! seen in it. It is the static library; the shared one is linked from it, too,
//! with a version in its name and in its symbols.
//! Source: ld(1), objcopy(1), ar(1); "How To Write Shared Libraries", Drepper.
//! Limits: rustc gives the linker an anonymous version script, which none with
//! versions can be added to; so Cargo's own shared library is not the one.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::HEADER;

/// Intermediate code for link-time optimisation, which the objects of Rust's
/// standard library bring along.
const BITCODE: [&str; 2] = [".llvmbc", ".llvmcmd"];

/// What programs find the library by when they start.
pub const SONAME: &str = concat!("libshared_memory_kv.so.", env!("CARGO_PKG_VERSION_MAJOR"));

/// The version of the symbols.
const SYMBOL_VERSION: &str = concat!("SHARED_MEMORY_KV_", env!("CARGO_PKG_VERSION_MAJOR"));

/// What the static library is called where it is made.
pub const ARCHIVE: &str = "kv.a";

/// The functions that the header declares.
pub fn functions() -> Vec<&'static str> {
    let declarations = HEADER.lines().filter(|line| line.starts_with(char::is_alphabetic));
    let starts = declarations.filter_map(|line| line.split_once('(')).map(|(start, _)| start);
    let names = starts.filter_map(|start| start.rsplit([' ', '*']).next());
    names.filter(|name| name.starts_with("shared_memory_kv_")).collect()
}

/// Makes [`ARCHIVE`] and [`SONAME`] in `folder`, of Cargo's `archive`.
pub fn make(archive: &Path, folder: &Path) -> Result<(), String> {
    let (whole, object) = (folder.join("whole.o"), folder.join("shared_memory_kv.o"));
    let (list, script) = (folder.join("functions"), folder.join("versions"));
    let functions = functions();
    write(&list, &functions.join("\n"))?;
    write(&script, &format!("{SYMBOL_VERSION} {{ global: shared_memory_kv_*; local: *; }};\n"))?;

    let mut link = tool("CC", "cc");
    link.args(["-r", "-nostdlib", "-Wl,--gc-sections"]);
    link.args(functions.iter().map(|name| format!("-Wl,--undefined={name}")));
    run(link.arg("-o").arg(&whole).arg(archive))?;

    let mut trim = tool("OBJCOPY", "objcopy");
    trim.arg("--strip-unneeded").arg(option("--keep-global-symbols=", &list));
    trim.args(BITCODE.map(|section| format!("--remove-section={section}")));
    run(trim.arg(&whole).arg(&object))?;

    run(tool("AR", "ar").arg("rcsD").arg(folder.join(ARCHIVE)).arg(&object))?;
    let mut link = tool("CC", "cc");
    link.args(["-shared", "-Wl,-z,relro,-z,now", "-Wl,--gc-sections", "-Wl,--strip-all"]);
    link.arg(format!("-Wl,-soname,{SONAME}"));
    link.arg("-Xlinker").arg(option("--version-script=", &script));
    run(link.arg("-o").arg(folder.join(SONAME)).arg(&object))
}

/// A tool of the C compiler's, by the variable that names another one.
fn tool(variable: &str, default: &str) -> Command {
    Command::new(env::var_os(variable).unwrap_or_else(|| default.into()))
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| {
        format!("{name} cannot be run: {error}; a C compiler and binutils make the libraries")
    })?;
    if done.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&done.stderr).trim_end().to_owned();
    Err(format!("{name} ended with {}: {why}", done.status))
}

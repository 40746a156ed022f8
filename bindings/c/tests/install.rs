//! The install command, and programs built against what it installs.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use support::children::{output_of, run};
use support::compiler::Compiler;
use support::trials::{trial, with};
use support::{Outcome, functions, package, scratch};

/// What is installed, and its mode.
const FILES: [(&str, u32); 6] = [
    ("include/shared_memory_kv.h", 0o644),
    ("lib/libshared_memory_kv.a", 0o644),
    (concat!("lib/libshared_memory_kv.so.", env!("CARGO_PKG_VERSION")), 0o755),
    ("lib/pkgconfig/shared_memory_kv.pc", 0o644),
    ("share/man/man3/shared_memory_kv.3", 0o644),
    ("share/man/man3/shared_memory_kv_set.3", 0o644),
];

/// The links that are installed, and what they lead to.
const LINKS: [(&str, &str); 2] = [
    ("lib/libshared_memory_kv.so", SONAME),
    (
        concat!("lib/libshared_memory_kv.so.", env!("CARGO_PKG_VERSION_MAJOR")),
        concat!("libshared_memory_kv.so.", env!("CARGO_PKG_VERSION")),
    ),
];

/// Where it is installed, below a destdir.
const PREFIX: &str = "/opt/of ours";

/// What programs look for when they start.
const SONAME: &str = concat!("libshared_memory_kv.so.", env!("CARGO_PKG_VERSION_MAJOR"));

/// The version that the functions have.
const SYMBOL_VERSION: &str = concat!("SHARED_MEMORY_KV_", env!("CARGO_PKG_VERSION_MAJOR"));

/// More than the archive has in a build without optimisation.
const LARGEST_ARCHIVE: u64 = 4 << 20;

fn main() -> ExitCode {
    support::trials::run(|| {
        let tools = Compiler::c().and_then(|cc| {
            output_of(Command::new("pkg-config").arg("--version"))?;
            Ok(cc)
        });
        let mut trials = with(&tools, "readme_program", |cc| {
            let program = |name, libraries: fn(&Path) -> Outcome<Vec<String>>| {
                let cc = cc.clone();
                trial(name, move || readme_program(&cc, &libraries))
            };
            vec![
                program("readme_program_runs_with_the_shared_library", shared_library),
                program("readme_program_runs_with_the_static_library", static_library),
                program("readme_program_runs_without_any_shared_library", nothing_shared),
            ]
        });
        trials.extend(with(&Compiler::c(), "libraries", |_| {
            vec![
                trial("installed_shared_library_has_versions", versions),
                trial("installed_archive_holds_what_the_header_declares_and_no_more", archive),
            ]
        }));
        let groff = output_of(Command::new("groff").arg("--version"));
        trials.extend(with(&groff, "man_page", |_| {
            vec![trial("man_page_is_sound_and_names_every_function", man_page)]
        }));
        trials.push(trial("installed_files_are_below_destdir_and_go_again", destdir));
        trials.push(trial("prefix_that_is_relative_is_refused", relative_prefix));
        trials
    })
}

fn install_c() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_install-c"));
    command.env_remove("PREFIX").env_remove("DESTDIR");
    command
}

/// The program in the README prints what it should, linked as `libraries` says.
fn readme_program(
    compiler: &Compiler,
    libraries: &dyn Fn(&Path) -> Outcome<Vec<String>>,
) -> Outcome {
    let scratch = scratch();
    // With a destdir the loader's cache is left alone.
    let (destdir, prefix) = (scratch.path(), Path::new(PREFIX));
    output_of(install_c().arg("--prefix").arg(prefix).env("DESTDIR", destdir))?;

    let readme = read(&package().join("README.md"))?;
    let program = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next());
    let source = scratch.path().join("program.c");
    fs::write(&source, program.ok_or("the README has no program")?).map_err(|e| e.to_string())?;

    let binary = scratch.path().join("program");
    let files = [source.display().to_string(), "-o".into(), binary.display().to_string()];
    let flags = [pkg_config(destdir, &["--cflags"])?, libraries(destdir)?];
    compiler.run(files.into_iter().chain(flags.into_iter().flatten()))?;
    let mut command = Command::new(binary);
    let printed = output_of(command.env("LD_LIBRARY_PATH", below(destdir, "lib")))?;
    let wanted = "city is New York, at version 1\n";
    if printed == wanted { Ok(()) } else { Err(format!("it printed {printed:?}")) }
}

fn shared_library(destdir: &Path) -> Outcome<Vec<String>> {
    pkg_config(destdir, &["--libs"])
}

/// As the README says.
fn static_library(destdir: &Path) -> Outcome<Vec<String>> {
    let archive = below(destdir, "lib/libshared_memory_kv.a");
    Ok(vec![archive.display().to_string(), "-pthread".into()])
}

/// As the README says, too.
fn nothing_shared(destdir: &Path) -> Outcome<Vec<String>> {
    let mut flags = pkg_config(destdir, &["--static", "--libs"])?;
    flags.push("-static".into());
    Ok(flags)
}

/// What is installed at `path`.
fn below(destdir: &Path, path: &str) -> PathBuf {
    destdir.join(PREFIX.trim_start_matches('/')).join(path)
}

/// Installs below a destdir of the test's own.
fn installed() -> Outcome<tempfile::TempDir> {
    let scratch = scratch();
    output_of(install_c().env("DESTDIR", scratch.path()).env("PREFIX", "/"))?;
    Ok(scratch)
}

/// Programs ask for the library by a name with a number, and for the functions by
/// a version, so that a later library that is incompatible is not taken for it.
fn versions() -> Outcome {
    let destdir = installed()?;
    let library = destdir.path().join("lib/libshared_memory_kv.so");
    let dynamic = output_of(Command::new("readelf").arg("-dW").arg(&library))?;
    if !dynamic.contains(&format!("soname: [{SONAME}]")) {
        return Err(format!("its name is not {SONAME}: {dynamic}"));
    }
    let nm = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output();
    let listed =
        String::from_utf8_lossy(&nm.map_err(|error| error.to_string())?.stdout).into_owned();
    let exported = listed.lines().filter_map(|line| line.split(' ').nth(2));
    let exported: BTreeSet<_> = exported.filter(|name| *name != SYMBOL_VERSION).collect();
    let functions = functions()?;
    let wanted = functions.iter().map(|name| format!("{name}@@{SYMBOL_VERSION}"));
    let wanted = wanted.collect::<Vec<_>>();
    if exported == wanted.iter().map(String::as_str).collect() {
        return Ok(());
    }
    Err(format!("it exports {exported:?}"))
}

/// Everything else would clash with what a program has of its own, or with
/// another library that is written in Rust.
fn archive() -> Outcome {
    let destdir = installed()?;
    let archive = destdir.path().join("lib/libshared_memory_kv.a");
    let bytes = fs::metadata(&archive).map_err(|error| error.to_string())?.len();
    if bytes > LARGEST_ARCHIVE {
        return Err(format!("it has {bytes} bytes; at most {LARGEST_ARCHIVE} are expected"));
    }
    let nm = Command::new("nm").args(["--extern-only", "--defined-only"]).arg(&archive).output();
    let listed =
        String::from_utf8_lossy(&nm.map_err(|error| error.to_string())?.stdout).into_owned();
    let defined: BTreeSet<_> = listed.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    let functions = functions()?;
    if defined == functions.iter().map(String::as_str).collect() {
        return Ok(());
    }
    Err(format!("it defines {defined:?}"))
}

fn man_page() -> Outcome {
    let page = package().join("man/shared_memory_kv.3");
    let groff = ["-man", "-ww", "-z", "-Tutf8", "-rLL=80n"];
    let complaints = output_of(Command::new("groff").args(groff).arg(&page))?;
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let page = read(&page)?;
    let missing: Vec<_> = functions()?.into_iter().filter(|name| !page.contains(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("it does not name {missing:?}")) }
}

/// What pkg-config says, as words. The test's own destdir stands before it.
fn pkg_config(destdir: &Path, arguments: &[&str]) -> Outcome<Vec<String>> {
    let mut command = Command::new("pkg-config");
    command.args(arguments).arg("shared_memory_kv");
    let flags = output_of(command.env("PKG_CONFIG_PATH", below(destdir, "lib/pkgconfig")))?;
    // It is for a shell: a blank that belongs to a word has a backslash.
    let flags = flags.replace("\\ ", "\0");
    let words = flags.split_whitespace().map(|word| word.replace('\0', " "));
    let place = below(destdir, "").display().to_string();
    Ok(words.map(|word| word.replace(&format!("{PREFIX}/"), &place)).collect())
}

fn destdir() -> Outcome {
    let scratch = scratch();
    let install = || {
        let mut command = install_c();
        command.env("DESTDIR", scratch.path()).env("PREFIX", "/usr");
        command
    };
    output_of(&mut install())?;
    output_of(&mut install())?;
    for (file, mode) in FILES {
        let path = scratch.path().join("usr").join(file);
        let found = fs::metadata(&path).map_err(|error| format!("{file}: {error}"))?;
        let found = found.permissions().mode() & 0o7777;
        if found != mode {
            return Err(format!("{file} has mode {found:o}, not {mode:o}"));
        }
    }
    for (link, to) in LINKS {
        let path = scratch.path().join("usr").join(link);
        let found = fs::read_link(path).map_err(|error| format!("{link}: {error}"))?;
        if found != Path::new(to) {
            return Err(format!("{link} leads to {}, not {to}", found.display()));
        }
    }
    let described = read(&scratch.path().join("usr/lib/pkgconfig/shared_memory_kv.pc"))?;
    if !described.starts_with("prefix=/usr\n") || described.contains('@') {
        return Err(format!("the pkg-config file is\n{described}"));
    }
    output_of(install().arg("--uninstall"))?;
    output_of(install().arg("--uninstall"))?;
    match files_below(scratch.path())?.as_slice() {
        [] => Ok(()),
        left => Err(format!("left after --uninstall: {left:?}")),
    }
}

fn relative_prefix() -> Outcome {
    let (status, printed) = run(install_c().args(["--prefix", "here"]))?;
    if !status.success() && printed == "error: the prefix here is not an absolute path\n" {
        return Ok(());
    }
    Err(format!("{status}, {printed:?}"))
}

fn files_below(directory: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path.display().to_string());
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

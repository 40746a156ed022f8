//! The install command, and programs built against what it installs.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use support::children::{output_of, run};
use support::compiler::Compiler;
use support::trials::{trial, with};
use support::{Outcome, package, scratch};

/// What is installed, and its mode.
const FILES: [(&str, u32); 4] = [
    ("include/shared_memory_kv.h", 0o644),
    ("lib/libshared_memory_kv.a", 0o644),
    ("lib/libshared_memory_kv.so", 0o755),
    ("lib/pkgconfig/shared_memory_kv.pc", 0o644),
];

fn main() -> ExitCode {
    support::trials::run(|| {
        let tools = Compiler::c().and_then(|cc| {
            output_of(Command::new("pkg-config").arg("--version"))?;
            Ok(cc)
        });
        let mut trials = with(&tools, "readme_program", |cc| {
            let (shared, archive) = (cc.clone(), cc.clone());
            vec![
                trial("readme_program_runs_with_the_shared_library", move || {
                    readme_program(&shared, &shared_library)
                }),
                trial("readme_program_runs_with_the_static_library", move || {
                    readme_program(&archive, &static_library)
                }),
            ]
        });
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
fn readme_program(compiler: &Compiler, libraries: &dyn Fn(&Path) -> Outcome<String>) -> Outcome {
    let scratch = scratch();
    // With a destdir the loader's cache is left alone.
    let (destdir, prefix) = (scratch.path(), Path::new("/opt/kv"));
    output_of(install_c().arg("--prefix").arg(prefix).env("DESTDIR", destdir))?;

    let readme = read(&package().join("README.md"))?;
    let program = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next());
    let source = scratch.path().join("program.c");
    fs::write(&source, program.ok_or("the README has no program")?).map_err(|e| e.to_string())?;

    let binary = scratch.path().join("program");
    let flags = pkg_config(destdir, &["--cflags"])? + " " + &libraries(destdir)?;
    let files = [source.display().to_string(), "-o".into(), binary.display().to_string()];
    compiler.run(files.into_iter().chain(flags.split_whitespace().map(str::to_owned)))?;
    let mut command = Command::new(binary);
    let printed = output_of(command.env("LD_LIBRARY_PATH", destdir.join("opt/kv/lib")))?;
    let wanted = "city is New York, at version 1\n";
    if printed == wanted { Ok(()) } else { Err(format!("it printed {printed:?}")) }
}

fn shared_library(destdir: &Path) -> Outcome<String> {
    pkg_config(destdir, &["--libs"])
}

/// As the README says.
fn static_library(destdir: &Path) -> Outcome<String> {
    let archive = destdir.join("opt/kv/lib/libshared_memory_kv.a");
    Ok(format!("{} -pthread -lm -ldl -lrt", archive.display()))
}

fn pkg_config(destdir: &Path, arguments: &[&str]) -> Outcome<String> {
    let mut command = Command::new("pkg-config");
    command.args(arguments).arg("shared_memory_kv");
    command.env("PKG_CONFIG_PATH", destdir.join("opt/kv/lib/pkgconfig"));
    command.env("PKG_CONFIG_SYSROOT_DIR", destdir);
    output_of(&mut command)
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

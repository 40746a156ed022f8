//! Installs the C library: the two libraries, the header, the pkg-config file.
//!
//! Idea: Cargo has put the libraries beside this program or one directory
//! below, so it needs no Cargo to find them: build first, then run it as who
//! may write to the prefix. Each file is written beside its place and renamed
//! there; programs that have the old library mapped keep it.
//! Source: the GNU Coding Standards, on `prefix` and `DESTDIR`.
//! Run: `cargo run --release --bin install-c -- --prefix /usr/local`

use std::env;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, id};

use clap::Parser;
use nix::unistd::geteuid;

const HEADER: &str = include_str!("../../include/shared_memory_kv.h");
const PKG_CONFIG: &str = include_str!("../../shared_memory_kv.pc.in");
const LIBRARIES: [(&str, u32); 2] =
    [("libshared_memory_kv.so", 0o755), ("libshared_memory_kv.a", 0o644)];

/// Installs libshared_memory_kv, its header and its pkg-config file.
#[derive(Parser)]
#[command(name = "install-c", version)]
struct Arguments {
    /// Where it will be used [default: $PREFIX, or /usr/local]
    #[arg(long)]
    prefix: Option<PathBuf>,
    /// What stands before the prefix while a package is made [default: $DESTDIR]
    #[arg(long)]
    destdir: Option<PathBuf>,
    /// The directory for libraries, below the prefix
    #[arg(long, default_value = "lib")]
    libdir: PathBuf,
    /// Remove what was installed there
    #[arg(long)]
    uninstall: bool,
}

/// A file to be installed.
struct Item {
    /// Below the prefix.
    path: PathBuf,
    content: Vec<u8>,
    mode: u32,
}

fn main() -> ExitCode {
    match install(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn install(arguments: &Arguments) -> Result<(), String> {
    let chosen = |given: &Option<PathBuf>, variable| {
        given.clone().or_else(|| env::var_os(variable).map(PathBuf::from))
    };
    let prefix = chosen(&arguments.prefix, "PREFIX").unwrap_or_else(|| "/usr/local".into());
    let destdir = chosen(&arguments.destdir, "DESTDIR").unwrap_or_default();
    if !prefix.is_absolute() {
        return Err(format!("the prefix {} is not an absolute path", prefix.display()));
    }
    if arguments.libdir.is_absolute() {
        return Err(format!("the libdir {} is not below the prefix", arguments.libdir.display()));
    }
    let root = below(&destdir, &prefix);
    for item in items(&prefix, &arguments.libdir)? {
        let path = root.join(&item.path);
        if arguments.uninstall {
            remove(&path)?;
        } else {
            item.write(&path)?;
        }
    }
    if destdir.as_os_str().is_empty() && geteuid().is_root() {
        refresh_cache();
    }
    Ok(())
}

/// `prefix` with `destdir` before it; `join` alone would drop `destdir`.
fn below(destdir: &Path, prefix: &Path) -> PathBuf {
    if destdir.as_os_str().is_empty() {
        return prefix.to_owned();
    }
    destdir.join(prefix.strip_prefix("/").unwrap_or(prefix))
}

fn items(prefix: &Path, libdir: &Path) -> Result<Vec<Item>, String> {
    let mut items = vec![Item {
        path: "include/shared_memory_kv.h".into(),
        content: HEADER.into(),
        mode: 0o644,
    }];
    let pkg_config = PKG_CONFIG
        .replace("@prefix@", &prefix.display().to_string())
        .replace("@libdir@", &libdir.display().to_string())
        .replace("@version@", env!("CARGO_PKG_VERSION"));
    items.push(Item {
        path: libdir.join("pkgconfig/shared_memory_kv.pc"),
        content: pkg_config.into(),
        mode: 0o644,
    });
    for (name, mode) in LIBRARIES {
        items.push(Item { path: libdir.join(name), content: library(name)?, mode });
    }
    Ok(items)
}

/// A library that was built together with this program.
fn library(name: &str) -> Result<Vec<u8>, String> {
    let program =
        env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let directory = program.parent().expect("a program is in a directory");
    // As a dependency of this program it is below; built by itself, in both.
    let found = [directory.join("deps").join(name), directory.join(name)]
        .into_iter()
        .find_map(|path| fs::read(path).ok());
    found.ok_or_else(|| {
        format!("there is no {name} in {}; cargo build -p shmkv-c makes it", directory.display())
    })
}

impl Item {
    fn write(&self, path: &Path) -> Result<(), String> {
        let cannot = |error| format!("{} cannot be written: {error}", path.display());
        let directory = path.parent().expect("it is below the prefix");
        fs::create_dir_all(directory).map_err(cannot)?;
        let draft = path.with_extension(format!("new-{}", id()));
        let written = fs::write(&draft, &self.content)
            .and_then(|()| fs::set_permissions(&draft, Permissions::from_mode(self.mode)))
            .and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&draft);
        }
        written.map_err(cannot)?;
        println!("installed {}", path.display());
        Ok(())
    }
}

fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Ok(()) => println!("removed {}", path.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("{} cannot be removed: {error}", path.display())),
    }
    Ok(())
}

/// Lets the loader find the library in the directories that it knows.
fn refresh_cache() {
    let done = Command::new("ldconfig").status();
    if !done.is_ok_and(|status| status.success()) {
        println!("ldconfig failed: programs may need LD_LIBRARY_PATH to find the library");
    }
}

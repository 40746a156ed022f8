//! Installs the C library: the two libraries, the header, the pkg-config file, the
//! manual pages.
//!
//! Idea: Cargo has put its archive beside this program or one directory below, so
//! it needs no Cargo to find it: build first, then run it as who may write to the
//! prefix. Each file is written beside its place and renamed there; programs that
//! have the old library mapped keep it.
//! Source: the GNU Coding Standards, on `prefix` and `DESTDIR`.
//! Run: `cargo run --release --bin install-c -- --prefix /usr/local`

mod libraries;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, id};
use std::{env, io};

use clap::Parser;
use nix::unistd::geteuid;

const HEADER: &str = include_str!("../../../include/shared_memory_kv.h");
const PKG_CONFIG: &str = include_str!("../../../shared_memory_kv.pc.in");
const MAN_PAGE: &str = include_str!("../../../man/shared_memory_kv.3");
const MAN: &str = "share/man/man3";

const SHARED: &str = "libshared_memory_kv.so";
const ARCHIVE: &str = "libshared_memory_kv.a";

/// Installs libshared_memory_kv, its header, its pkg-config file and its manual.
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

/// Something to be installed.
struct Item {
    /// Below the prefix.
    path: PathBuf,
    content: Content,
}

enum Content {
    /// These bytes, with this mode.
    Bytes(Vec<u8>, u32),
    /// A copy of a file that was made, with this mode.
    Made(PathBuf, u32),
    /// A symbolic link to another name in the same directory.
    Link(String),
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
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let items = items(&prefix, &arguments.libdir, folder.path());
    if arguments.uninstall {
        items.iter().try_for_each(|item| remove(&root.join(&item.path)))?;
    } else {
        libraries::make(&archive()?, folder.path())?;
        items.iter().try_for_each(|item| item.install(&root.join(&item.path)))?;
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

/// All there is to install; the libraries are made in `folder`.
fn items(prefix: &Path, libdir: &Path, folder: &Path) -> Vec<Item> {
    // pkg-config would take what follows a blank for another word.
    let word = |path: &Path| path.display().to_string().replace(' ', "\\ ");
    let pkg_config = PKG_CONFIG
        .replace("@prefix@", &word(prefix))
        .replace("@libdir@", &word(libdir))
        .replace("@version@", env!("CARGO_PKG_VERSION"));
    let text =
        |path: PathBuf, text: String| Item { path, content: Content::Bytes(text.into(), 0o644) };
    let file = format!("{SHARED}.{}", env!("CARGO_PKG_VERSION"));
    let made = |name, from, mode| Item {
        path: libdir.join(name),
        content: Content::Made(folder.join(from), mode),
    };
    let link =
        |name: &str, to: &str| Item { path: libdir.join(name), content: Content::Link(to.into()) };
    let mut items = vec![
        text("include/shared_memory_kv.h".into(), HEADER.into()),
        text(libdir.join("pkgconfig/shared_memory_kv.pc"), pkg_config),
        made(ARCHIVE, libraries::ARCHIVE, 0o644),
        made(&file, libraries::SONAME, 0o755),
        link(libraries::SONAME, &file),
        link(SHARED, libraries::SONAME),
        text(Path::new(MAN).join("shared_memory_kv.3"), MAN_PAGE.into()),
    ];
    // Each function is found by its own name, too.
    let same = ".so man3/shared_memory_kv.3\n";
    items.extend(
        libraries::functions()
            .into_iter()
            .map(|name| text(Path::new(MAN).join(format!("{name}.3")), same.into())),
    );
    items
}

/// Cargo's archive, which was built together with this program.
fn archive() -> Result<PathBuf, String> {
    let program =
        env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let directory = program.parent().expect("a program is in a directory");
    // As a dependency of this program it is below; built by itself, in both.
    let found = [directory.join("deps").join(ARCHIVE), directory.join(ARCHIVE)]
        .into_iter()
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        format!("there is no {ARCHIVE} in {}; cargo build -p shmkv-c makes it", directory.display())
    })
}

impl Item {
    fn install(&self, path: &Path) -> Result<(), String> {
        let cannot = |error| format!("{} cannot be written: {error}", path.display());
        let directory = path.parent().expect("it is below the prefix");
        fs::create_dir_all(directory).map_err(cannot)?;
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".new-{}", id()));
        let written = self.content.write(Path::new(&draft)).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&draft);
        }
        written.map_err(cannot)?;
        println!("installed {}", path.display());
        Ok(())
    }
}

impl Content {
    fn write(&self, path: &Path) -> io::Result<()> {
        let mode = match self {
            Self::Bytes(bytes, mode) => fs::write(path, bytes).map(|()| mode)?,
            Self::Made(file, mode) => fs::copy(file, path).map(|_| mode)?,
            Self::Link(to) => return symlink(to, path),
        };
        fs::set_permissions(path, Permissions::from_mode(*mode))
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

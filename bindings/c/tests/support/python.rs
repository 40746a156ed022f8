//! Python, with pytest and mypy, and with the package as it is in this checkout.
//!
//! Idea: a virtual environment in Cargo's directory for tests, made once. It
//! sees the system's packages, so where pytest and its like are installed
//! nothing is downloaded.
//! Source: venv and pip, of Python's own documentation.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::children::output_of;
use super::{Outcome, library_directory, package};

/// What has to be there before the package can be installed.
const BUILD: &str = "hatchling>=1.25,<2";

/// Python programs that find the package, and through it the library.
#[derive(Clone)]
pub struct Python {
    program: PathBuf,
    library: PathBuf,
}

impl Python {
    /// `$PYTHON`, or `python3`, in an environment with what the tests need.
    pub fn with_tools() -> Outcome<Self> {
        let library = library_directory()?.join("libshared_memory_kv.so");
        let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let python = Self { program: environment.join("bin/python"), library };
        if !python.has_tools() {
            make_environment(&environment)?;
            python.install_tools()?;
        }
        Ok(python)
    }

    /// Installs the package, as users do but with the tools that are there.
    pub fn install_package(&self) -> Outcome {
        let mut pip = self.pip();
        pip.args(["--no-build-isolation", "--no-deps", "--force-reinstall"]).arg(directory());
        output_of(&mut pip).map(drop)
    }

    /// Python, with these arguments, in the package's directory. It imports the
    /// package from there.
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(directory());
        command.env("SHMKV_LIBRARY", &self.library).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PYTHONPATH", directory().join("src"));
        command
    }

    /// Python, with these arguments, as a user runs it who has installed the package.
    pub fn run_installed<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.run(arguments);
        command.current_dir("/").env_remove("SHMKV_LIBRARY").env_remove("PYTHONPATH");
        command
    }

    /// Makes a wheel of the package in `source`, with no library named.
    pub fn wheel(&self, source: &Path, into: &Path) -> Command {
        let pip = ["-m", "pip", "wheel", "--disable-pip-version-check", "--no-build-isolation"];
        let mut command = self.run_installed(pip);
        command.arg("--no-deps").arg("--wheel-dir").arg(into).arg(source);
        command
    }

    fn pip(&self) -> Command {
        self.run(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
    }

    fn has_tools(&self) -> bool {
        output_of(&mut self.run(["-c", "import hatchling, mypy, pip, pytest"])).is_ok()
    }

    fn install_tools(&self) -> Outcome {
        let tests = format!("{}[test]", directory().display());
        output_of(self.pip().arg(BUILD))
            .and_then(|_| output_of(self.pip().args(["--no-build-isolation", &tests])))
            .map(drop)
            .map_err(|why| format!("pip cannot install pytest and mypy: {}", last_line(&why)))
    }
}

/// The package's directory.
pub fn directory() -> PathBuf {
    let bindings = package().parent().expect("this package is in bindings");
    bindings.join("python")
}

fn make_environment(environment: &Path) -> Outcome {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let recent = "import sys; sys.exit(sys.version_info < (3, 9))";
    output_of(Command::new(&python).args(["-c", recent]))
        .map_err(|_| format!("{python} is not there, or older than 3.9"))?;
    let mut venv = Command::new(&python);
    venv.args(["-m", "venv", "--clear", "--system-site-packages"]).arg(environment);
    output_of(&mut venv)
        .map(drop)
        .map_err(|why| format!("{python} cannot make an environment: {}", last_line(&why)))
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default()
}

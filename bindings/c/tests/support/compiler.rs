//! The C compiler, and programs made with it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::children::output_of;
use super::{Outcome, library_directory, package};

/// How the seed's programs are compiled, and with every warning an error.
const FLAGS: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-g", "-pthread"];

/// What the sanitizers need; any finding ends the program.
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// A compiler that works.
#[derive(Clone)]
pub struct Compiler {
    program: String,
    standard: &'static str,
    extra: &'static [&'static str],
}

/// How a program is joined with the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// With `libshared_memory_kv.so`.
    Shared,
    /// With `libshared_memory_kv.a`.
    Static,
}

impl Compiler {
    /// `$CC`, or `cc`.
    pub fn c() -> Outcome<Self> {
        Self::named("CC", "cc", "-std=c11").tried(
            "int main(void) { return 0; }",
            "c",
            "compiles no C that runs",
        )
    }

    /// `$CXX`, or `c++`.
    pub fn cplusplus() -> Outcome<Self> {
        Self::named("CXX", "c++", "-std=c++11").tried(
            "int main() { return 0; }",
            "cc",
            "compiles no C++ that runs",
        )
    }

    /// The same compiler, with AddressSanitizer and UndefinedBehaviorSanitizer.
    pub fn with_sanitizers(self) -> Outcome<Self> {
        Self { extra: &SANITIZERS, ..self }.tried(
            "int main(void) { return 0; }",
            "c",
            "has no sanitizers",
        )
    }

    fn named(variable: &str, default: &str, standard: &'static str) -> Self {
        let program = env::var(variable).unwrap_or_else(|_| default.to_owned());
        Self { program, standard, extra: &[] }
    }

    /// The compiler, if it makes a program of `text` that runs; otherwise what
    /// is wrong with it.
    fn tried(self, text: &str, suffix: &str, otherwise: &str) -> Outcome<Self> {
        let scratch = super::scratch();
        let source = scratch.path().join("tried").with_extension(suffix);
        std::fs::write(&source, text).map_err(|error| error.to_string())?;
        let program = scratch.path().join("tried");
        let done = self
            .run([source.as_os_str(), "-o".as_ref(), program.as_os_str()])
            .and_then(|()| output_of(&mut Command::new(&program)));
        done.map_err(|_| format!("{} {otherwise}", self.program))?;
        Ok(self)
    }

    /// Makes a program of one file of `tests/c`; returns its path.
    pub fn compile(&self, file: &str, link: Link, into: &Path) -> Outcome<PathBuf> {
        let source = package().join("tests/c").join(file);
        let program = into.join(file).with_extension("");
        let libraries = library_directory()?;
        let include = format!("-I{}", package().join("include").display());
        let mut arguments = vec![include, source.display().to_string()];
        match link {
            Link::Shared => {
                arguments.push(format!("-L{}", libraries.display()));
                arguments.push("-lshared_memory_kv".into());
                arguments.push(format!("-Wl,-rpath,{}", libraries.display()));
            }
            Link::Static => {
                arguments.push(libraries.join("libshared_memory_kv.a").display().to_string());
                // As in `shared_memory_kv.pc`.
                arguments.extend(["-lrt", "-lpthread", "-lm", "-ldl"].map(String::from));
            }
        }
        arguments.extend(["-o".into(), program.display().to_string()]);
        self.run(&arguments)?;
        Ok(program)
    }

    /// Calls the compiler with the usual flags and these arguments.
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Outcome {
        let mut command = Command::new(&self.program);
        command.arg(self.standard).args(FLAGS).args(self.extra).args(arguments);
        output_of(&mut command).map(drop)
    }
}

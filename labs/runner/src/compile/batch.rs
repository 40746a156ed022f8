//! Many answers of our own to one exercise, in one checker.
//!
//! Idea: what costs time is starting the compiler and the linker, not a function of
//! twenty lines. So the answers are modules of a few crates; those that do not compile
//! are told by the files in the compiler's messages, and left out.
//! Limits: an answer that is a module and no crate sees its neighbours by name. So this
//! is for answers that the project makes itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use shmkv_grader::catalogue::Exercise;

use super::{Checker, CompileError, Failed, Libraries, compile, io_error, link};

/// The most answers in one crate: it compiles in a fraction of the compiler's time.
const IN_A_CRATE: usize = 100;

/// The compiler stops after each of its phases that finds mistakes; there are fewer.
const PHASES: usize = 10;

/// A checker of many answers.
pub struct Batch {
    /// The checker; it knows those that compile, by their names.
    pub checker: Checker,
    /// The numbers of those that do not compile.
    pub refused: BTreeSet<usize>,
}

/// Makes a program that checks those of `answers`, each a name and a text, that compile.
///
/// # Errors
/// See [`CompileError`].
pub fn batch(
    libraries: &Libraries,
    exercise: &Exercise,
    answers: &[(&str, &str)],
) -> Result<Batch, CompileError> {
    let checker = Checker { folder: libraries.new_folder()? };
    let mut refused = BTreeSet::new();
    let numbers: Vec<usize> = (0..answers.len()).collect();
    let mut crates = Vec::new();
    for (number, part) in numbers.chunks(IN_A_CRATE).enumerate() {
        let name = format!("answers_{number}");
        refused.extend(compile_crate(libraries, &checker, &name, part, answers)?);
        crates.push(name);
    }
    let compiled = numbers.iter().filter(|number| !refused.contains(number));
    let named = compiled.map(|number| {
        let path = format!("{}::{}", crates[number / IN_A_CRATE], module(*number));
        (answers[*number].0, path)
    });
    link(libraries, &checker, exercise, &named.collect::<Vec<_>>(), &crates).map_err(|failed| {
        match failed {
            Failed::For(error) | Failed::Unexplained(error) => error,
        }
    })?;
    Ok(Batch { checker, refused })
}

fn module(number: usize) -> String {
    format!("m{number}")
}

/// Compiles those of `part` that compile into a crate; returns the others.
fn compile_crate(
    libraries: &Libraries,
    checker: &Checker,
    name: &str,
    part: &[usize],
    answers: &[(&str, &str)],
) -> Result<BTreeSet<usize>, CompileError> {
    let folder = checker.folder.path();
    let file = |number: &usize| folder.join(module(*number)).with_extension("rs");
    let write = |path: PathBuf, text: &str| fs::write(path, text);
    let writing = || io_error("writing answers");
    for number in part {
        write(file(number), answers[*number].1).map_err(writing())?;
    }
    let root = folder.join(name).with_extension("rs");
    let mut rustc = libraries.rustc();
    rustc.args(["--crate-type", "rlib", "--forbid", "unsafe-code", "-A", "warnings"]);
    rustc.args(["--crate-name", name, "--out-dir"]).arg(folder).arg(&root);
    let reads = [libraries.folder(), libraries.sysroot()];
    let mut refused = BTreeSet::new();
    for _ in 0..PHASES {
        let modules = part.iter().filter(|number| !refused.contains(*number));
        let modules: String =
            modules.map(|number| format!("pub mod {};\n", module(*number))).collect();
        write(root.clone(), &modules).map_err(writing())?;
        let Some(said) = compile(libraries, &rustc, checker, &reads)? else {
            return Ok(refused);
        };
        let named = |number: &&usize| said.files.contains(&file(number));
        let before = refused.len();
        refused.extend(part.iter().filter(named));
        if refused.len() == before {
            return Err(CompileError::Unfit { diagnostics: said.text });
        }
    }
    let why = format!("after {PHASES} phases the compiler still found other mistakes");
    Err(CompileError::Machine { why })
}

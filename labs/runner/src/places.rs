//! Where things are: the folders of the exercises.

use std::fs;
use std::path::{Path, PathBuf};

use shmkv_grader::catalogue::{ALL, Exercise};

/// Names another folder that holds `labs/exercises`.
const OTHER: &str = "SHMKV_LABS_DIR";

/// The folders that a runner works in.
#[derive(Clone, Debug)]
pub struct Places {
    /// The workspace that this program was built in.
    pub workspace: PathBuf,
    /// The folder that holds `labs/exercises`: the same, as a rule.
    pub root: PathBuf,
    /// The folder that the user is in, from which files are named.
    pub here: PathBuf,
}

impl Places {
    /// Those of the workspace that this program was built in, unless the
    /// environment names another folder in `SHMKV_LABS_DIR`.
    pub fn here() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        // `labs/runner`, two folders below the root.
        let workspace = package.ancestors().nth(2).unwrap_or(package).to_owned();
        let other = std::env::var_os(OTHER).filter(|folder| !folder.is_empty());
        let root = other.map_or_else(|| workspace.clone(), PathBuf::from);
        let here = std::env::current_dir().unwrap_or_else(|_| root.clone());
        Self { workspace, root, here }
    }

    /// The same with another folder that holds `labs/exercises`.
    #[must_use]
    pub fn with_root(&self, root: &Path) -> Self {
        Self { root: root.to_owned(), ..self.clone() }
    }

    fn exercises(&self) -> PathBuf {
        self.root.join("labs/exercises")
    }

    /// The learner's file.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.exercises().join(exercise.file())
    }

    /// The file as the learner found it.
    pub fn starter(&self, exercise: &Exercise) -> PathBuf {
        self.exercises().join("starters").join(exercise.file())
    }

    /// A file that passes.
    pub fn solution(&self, exercise: &Exercise) -> PathBuf {
        self.exercises().join("solutions").join(exercise.file())
    }

    /// The folder of files that do not pass, each with the verdict that it must get.
    pub fn wrong(&self, exercise: &Exercise) -> PathBuf {
        let folder = exercise.file();
        self.exercises().join("wrong").join(folder.trim_end_matches(".rs"))
    }

    /// The folder of further files that pass; there need not be one.
    pub fn right(&self, exercise: &Exercise) -> PathBuf {
        let folder = exercise.file();
        self.exercises().join("right").join(folder.trim_end_matches(".rs"))
    }

    /// The file of hints.
    pub fn hints(&self, exercise: &Exercise) -> PathBuf {
        let file = self.exercises().join("hints").join(exercise.file());
        file.with_extension("md")
    }

    /// The book's chapter of that name.
    pub fn chapter(&self, name: &str) -> PathBuf {
        self.workspace.join(format!("book/src/{name}.md"))
    }

    /// The file that says what a learner has done.
    pub fn progress(&self) -> PathBuf {
        self.exercises().join(".progress.json")
    }

    /// The folders of the learner's files.
    pub fn lab_folders(&self) -> Vec<PathBuf> {
        let folder = |exercise| self.file(exercise).parent().map(Path::to_owned);
        let mut folders: Vec<PathBuf> = ALL.iter().filter_map(folder).collect();
        folders.dedup();
        folders
    }

    /// Whether the learner's file is another than the one that was handed out.
    pub fn is_changed(&self, exercise: &Exercise) -> bool {
        let read = |file: PathBuf| fs::read(file).ok();
        read(self.file(exercise)) != read(self.starter(exercise))
    }

    /// `path` as the user can open it: from the folder that they are in, where that is
    /// shorter than from the root of all.
    pub fn shorten(&self, path: &Path) -> String {
        shortest(path, &self.here).display().to_string()
    }

    /// As [`Self::shorten`], with the line at which to open it.
    pub fn at_line(&self, path: &Path, line: usize) -> String {
        format!("{}:{line}", self.shorten(path))
    }
}

/// `path`, or the way to it from the folder `from`, whichever is shorter.
pub fn shortest(path: &Path, from: &Path) -> PathBuf {
    let way = pathdiff::diff_paths(path, from);
    let shorter = way.filter(|way| way.as_os_str().len() < path.as_os_str().len());
    shorter.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_in_the_shortest_way() {
        for (from, shortest_way) in [
            ("/course", "labs/exercises/lab-1/insert.rs"),
            ("/course/labs/exercises/lab-2", "../lab-1/insert.rs"),
            ("/a/b/c/d/e/f", "/course/labs/exercises/lab-1/insert.rs"),
        ] {
            let file = Path::new("/course/labs/exercises/lab-1/insert.rs");
            assert_eq!(shortest(file, Path::new(from)), Path::new(shortest_way), "from {from}");
        }
    }
}

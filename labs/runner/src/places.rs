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
        Self { workspace, root }
    }

    /// The same with another folder that holds `labs/exercises`.
    #[must_use]
    pub fn with_root(&self, root: &Path) -> Self {
        Self { workspace: self.workspace.clone(), root: root.to_owned() }
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

    /// The file of hints.
    pub fn hints(&self, exercise: &Exercise) -> PathBuf {
        let file = self.exercises().join("hints").join(exercise.file());
        file.with_extension("md")
    }

    /// The chapter of the book that explains it.
    pub fn chapter(&self, exercise: &Exercise) -> PathBuf {
        self.workspace.join(format!("book/src/lab-{}.md", exercise.lab))
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

    /// `path`, shortened where it lies in the workspace.
    pub fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

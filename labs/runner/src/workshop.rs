//! Folders for what is made on the way: checkers, and the files of a submission.
//!
//! Idea: each folder stands beside a file of the same name that its maker keeps
//! locked. A lock ends with its process, however that ends; so whoever comes next
//! removes the folders whose file is not locked.
//! Source: flock(2).
//! Limits: after SIGKILL a folder stays until a runner is started again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is behind the name of a folder in that of its lock.
const LOCK: &str = "lock";

/// Whoever makes or removes folders holds this one.
const ALL: &str = "all.lock";

/// A folder of this process's own, removed when it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: PathBuf,
    /// Locked as long as it is open.
    _held: File,
}

impl Folder {
    /// Makes a folder in `place`, and removes those whose makers are gone.
    ///
    /// # Errors
    /// What the file system said; no folder is left.
    pub fn new_in(place: &Path) -> io::Result<Self> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(place)?;
        let all = File::create(place.join(ALL))?;
        all.lock()?;
        remove_left(place)?;
        let number = MADE.fetch_add(1, Relaxed);
        let path = place.join(format!("{}-{number}", std::process::id()));
        let lock = path.with_extension(LOCK);
        let held = File::create(&lock)?;
        held.lock()?;
        let folder = Self { path, lock, _held: held };
        fs::create_dir(&folder.path)?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next that comes. The folder
        // first: without its lock it is nobody's.
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(&self.lock);
    }
}

/// Removes all that nobody has locked.
fn remove_left(place: &Path) -> io::Result<()> {
    for entry in fs::read_dir(place)?.flatten() {
        let path = entry.path();
        let is_lock = path.extension().is_some_and(|end| end == LOCK);
        if path.file_name().is_some_and(|name| name == ALL) || is_lock && is_held(&path) {
            continue;
        }
        let _ = match entry.file_type()?.is_dir() {
            true if is_held(&path.with_extension(LOCK)) => continue,
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
    }
    Ok(())
}

fn is_held(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(place: &Path) -> Vec<String> {
        let entries = fs::read_dir(place).expect("a folder").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != ALL).collect();
        names.sort();
        names
    }

    #[test]
    fn folders_whose_makers_are_gone_are_removed_and_no_others() {
        let place = tempfile::TempDir::new().expect("a folder");
        let mine = Folder::new_in(place.path()).expect("a folder");
        let own = names(place.path());
        fs::create_dir_all(place.path().join("1-0/deep")).expect("a folder");
        File::create(place.path().join("1-0.lock")).expect("a lock that nobody holds");
        fs::create_dir(place.path().join(".tmpOld")).expect("a folder without a lock");
        let other = Folder::new_in(place.path()).expect("a folder");
        assert_eq!(names(place.path()).len(), 4, "{:?}", names(place.path()));
        drop(other);
        assert_eq!(names(place.path()), own);
        assert!(mine.path().is_dir());
        drop(mine);
        assert!(names(place.path()).is_empty());
    }
}

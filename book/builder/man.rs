//! Man pages: each one that a chapter cites becomes a link, and the last chapter
//! lists them all.
//!
//! Idea: chapters write `mmap(2)`, as manuals do. Outside of code that is a
//! citation; the page must be in the list below, so that a slip is an error.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::BookError;

/// A page of the Linux manual: name, section, what it is about.
type Page = (&'static str, u8, &'static str);

const PAGES: &[Page] = &[
    ("clock_gettime", 2, "clocks, and the time they show"),
    ("core", 5, "core dump files"),
    ("exit_group", 2, "ends all threads of a process"),
    ("fcntl", 2, "operations on open files, leases among them"),
    ("fork", 2, "makes a process that is a copy of its caller"),
    ("ftruncate", 2, "sets the size of a file"),
    ("futex", 2, "waits on a word of memory, and wakes those that wait on it"),
    ("futex", 7, "how fast user-space locks are built"),
    ("get_robust_list", 2, "what the kernel does with a dead thread's locks"),
    ("kill", 2, "sends a signal"),
    ("linkat", 2, "gives a file another name"),
    ("memcpy", 3, "copies bytes"),
    ("memfd_create", 2, "makes a file that lives in memory and has no name"),
    ("mmap", 2, "maps a file into the memory of a process"),
    ("mprotect", 2, "says which accesses to pages are allowed"),
    ("open", 2, "opens a file, or creates one"),
    ("posix_fallocate", 3, "takes room for a file"),
    ("proc", 5, "what the kernel tells about processes"),
    ("pthread_mutexattr_setrobust", 3, "mutexes that tell of their owner's death"),
    ("ptrace", 2, "stops, reads and steps another process"),
    ("sched", 7, "which process runs, and when it is made to stop"),
    ("sched_yield", 2, "lets others run"),
    ("seccomp", 2, "filters the system calls of a process"),
    ("sem_destroy", 3, "ends a semaphore's use"),
    ("sem_getvalue", 3, "the value of a semaphore"),
    ("sem_init", 3, "makes a semaphore in memory"),
    ("sem_overview", 7, "POSIX semaphores"),
    ("sem_post", 3, "gives back to a semaphore, and wakes a waiter"),
    ("sem_wait", 3, "takes from a semaphore, and waits for it"),
    ("semop", 2, "System V semaphores, which can be undone when a process ends"),
    ("shm_open", 3, "opens or creates shared memory, and removes its name"),
    ("shm_overview", 7, "POSIX shared memory"),
    ("sigaction", 2, "says what a signal does to a process"),
    ("signal", 7, "signals"),
    ("strncpy", 3, "copies a string, and cuts it"),
    ("tmpfs", 5, "a file system in memory"),
    ("unlink", 2, "removes a name"),
    ("vdso", 7, "system calls that do not enter the kernel"),
    ("wait", 2, "waits for a child to end"),
];

/// The pages that were cited, with the chapters that cite them.
#[derive(Clone, Debug, Default)]
pub struct Citations(BTreeMap<(&'static str, u8), Vec<(String, String)>>);

impl Citations {
    /// Notes all pages that a line of prose cites in `chapter`, a title and a file.
    ///
    /// # Errors
    /// [`BookError::NoManPage`].
    pub fn note(&mut self, line: &str, chapter: (&str, &str)) -> Result<(), BookError> {
        for cited in cited_in(line) {
            let (name, section, _) = known(cited.text)?;
            let chapters = self.0.entry((name, section)).or_default();
            let chapter = (chapter.0.to_owned(), chapter.1.to_owned());
            if !chapters.contains(&chapter) {
                chapters.push(chapter);
            }
        }
        Ok(())
    }

    /// All pages as a table in Markdown.
    pub fn table(&self) -> String {
        let mut table = String::from("| page | what it is about | cited in |\n|---|---|---|\n");
        for ((name, section), chapters) in &self.0 {
            let page = PAGES.iter().find(|page| (page.0, page.1) == (*name, *section));
            let about = page.map_or("", |page| page.2);
            let chapters: Vec<String> =
                chapters.iter().map(|(title, file)| format!("[{title}]({file})")).collect();
            let (link, chapters) = (link(name, *section), chapters.join(", "));
            // Writing to a string cannot fail.
            let _ = writeln!(table, "| {link} | {about} | {chapters} |");
        }
        table
    }
}

/// `line` with each page that it cites made a link.
///
/// # Errors
/// [`BookError::NoManPage`].
pub fn with_links(line: &str) -> Result<String, BookError> {
    let mut linked = String::new();
    let mut rest = 0;
    for cited in cited_in(line) {
        let (name, section, _) = known(cited.text)?;
        linked.push_str(&line[rest..cited.start]);
        linked.push_str(&link(name, section));
        rest = cited.start + cited.text.len();
    }
    Ok(linked + &line[rest..])
}

fn link(name: &str, section: u8) -> String {
    let address = format!("https://man7.org/linux/man-pages/man{section}/{name}.{section}.html");
    format!("[{}({section})]({address})", name.replace('_', "\\_"))
}

fn known(cited: &str) -> Result<Page, BookError> {
    let page = PAGES.iter().find(|(name, section, _)| format!("{name}({section})") == cited);
    page.copied().ok_or_else(|| BookError::NoManPage { page: cited.to_owned() })
}

/// `name(section)` at a byte of a line.
struct Cited<'a> {
    start: usize,
    text: &'a str,
}

/// The pages that a line cites, outside of inline code.
fn cited_in(line: &str) -> Vec<Cited<'_>> {
    let mut cited = Vec::new();
    let mut start = 0;
    for (i, piece) in line.split('`').enumerate() {
        if i % 2 == 0 {
            cited.extend(cited_in_prose(piece, start));
        }
        start += piece.len() + 1;
    }
    cited
}

fn cited_in_prose(prose: &str, start: usize) -> impl Iterator<Item = Cited<'_>> {
    let opens = prose.match_indices('(').map(|(at, _)| at);
    opens.filter_map(move |open| {
        let section = prose[open..].chars().nth(1).filter(char::is_ascii_digit)?;
        let closes = prose[open..].chars().nth(2) == Some(')');
        let before =
            prose[..open].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let is_name = prose[before.len()..open].starts_with(|c: char| c.is_ascii_alphabetic())
            && closes
            && section != '0';
        is_name.then(|| Cited { start: start + before.len(), text: &prose[before.len()..open + 3] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cited_pages_become_links_outside_of_code() {
        let linked = with_links("See mmap(2), `fork(2)` and sem_wait(3).").expect("known pages");
        assert_eq!(
            linked,
            "See [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html), `fork(2)` and \
             [sem\\_wait(3)](https://man7.org/linux/man-pages/man3/sem_wait.3.html)."
        );
        for plain in ["a list (1) and f(x)", "volume 12(3)", "(2)", "no call"] {
            assert_eq!(with_links(plain).expect(plain), plain);
        }
    }

    #[test]
    fn unknown_page_is_an_error() {
        let error = with_links("mmpa(2)").expect_err("a slip").to_string();
        assert_eq!(error, "mmpa(2) is not in the list of man pages, builder/man.rs");
    }

    #[test]
    fn table_names_each_chapter_once() {
        let mut citations = Citations::default();
        for (line, title) in [("mmap(2), fork(2)", "One"), ("mmap(2)", "One"), ("mmap(2)", "Two")] {
            citations.note(line, (title, "x.md")).expect("known pages");
        }
        let table = citations.table();
        assert!(table.contains("its caller | [One](x.md) |\n"), "{table}");
        assert!(table.contains("of a process | [One](x.md), [Two](x.md) |\n"), "{table}");
    }

    #[test]
    fn list_is_in_order() {
        let pages: Vec<_> = PAGES.iter().map(|page| (page.0, page.1)).collect();
        assert!(pages.is_sorted(), "sorted by name, then section");
    }
}

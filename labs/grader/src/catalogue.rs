//! The list of all exercises, in the order of the labs.

use std::fmt;

use crate::Failure;

/// One exercise.
#[derive(Debug, PartialEq, Eq)]
pub struct Exercise {
    /// What the learner calls it; also the name of its files.
    pub id: &'static str,
    /// The number of its lab.
    pub lab: u32,
    /// What is to be done.
    pub kind: Kind,
    /// The task in a line.
    pub title: &'static str,
    /// The module of this crate that gives what is given.
    pub module: &'static str,
    /// What the learner's file must have: functions or constants, which are the
    /// fields of the module's `Answer`, in small letters.
    pub items: &'static [&'static str],
    /// What is wrong with the file that the learner starts from.
    pub starts_as: Failure,
    /// About how long it takes, in minutes.
    pub minutes: u32,
    /// What the book says about it.
    pub section: Section,
}

/// A section of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name of the chapter's file, without its ending.
    pub chapter: &'static str,
    /// Its heading.
    pub heading: &'static str,
}

/// What is to be done in an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fill in functions.
    Write,
    /// Find a schedule that makes given code fail.
    Break,
    /// Name all the outcomes of a program.
    Predict,
}

impl Kind {
    /// How many points an answer is worth.
    pub fn points(self) -> u32 {
        match self {
            Self::Write => 3,
            Self::Break => 2,
            Self::Predict => 1,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Write => "write",
            Self::Break => "break",
            Self::Predict => "predict",
        })
    }
}

impl Exercise {
    /// Its file, from the folder that holds the labs' folders.
    pub fn file(&self) -> String {
        format!("lab-{}/{}.rs", self.lab, self.id)
    }
}

/// The exercise called `id`.
pub fn find(id: &str) -> Option<&'static Exercise> {
    ALL.iter().find(|exercise| exercise.id == id)
}

const SCHEDULE: &[&str] = &["SCHEDULE"];
const OUTCOMES: &[&str] = &["OUTCOMES"];

/// All exercises.
pub const ALL: &[Exercise] = &[
    Exercise {
        id: "three-increments",
        lab: 1,
        kind: Kind::Predict,
        title: "name all values that an unprotected counter can end with",
        module: "lab_1::three_increments",
        items: OUTCOMES,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-1", heading: "The execution that breaks it" },
    },
    Exercise {
        id: "same-slot",
        lab: 1,
        kind: Kind::Break,
        title: "find a schedule that puts two keys into one slot",
        module: "lab_1::same_slot",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-1", heading: "The execution that breaks it" },
    },
    Exercise {
        id: "insert",
        lab: 1,
        kind: Kind::Write,
        title: "insert into a table at the same time as others, without a lock",
        module: "lab_1::insert",
        items: &["insert"],
        starts_as: Failure::LostUpdate,
        minutes: 30,
        section: Section { chapter: "lab-1", heading: "The fix" },
    },
    Exercise {
        id: "posted-twice",
        lab: 2,
        kind: Kind::Predict,
        title: "name what can come of a lock that was given back twice",
        module: "lab_2::posted_twice",
        items: OUTCOMES,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-2", heading: "The code" },
    },
    Exercise {
        id: "dead-owner",
        lab: 2,
        kind: Kind::Break,
        title: "kill a process so that another one waits for ever",
        module: "lab_2::dead_owner",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-2", heading: "The price" },
    },
    Exercise {
        id: "no-race",
        lab: 2,
        kind: Kind::Break,
        title: "find a schedule that loses something, or claim that there is none",
        module: "lab_2::no_race",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-2", heading: "Check, unlock, act" },
    },
    Exercise {
        id: "bounded-buffer",
        lab: 2,
        kind: Kind::Write,
        title: "let producers and consumers share two places",
        module: "lab_2::bounded_buffer",
        items: &["put", "take"],
        starts_as: Failure::WrongResult,
        minutes: 30,
        section: Section { chapter: "lab-2", heading: "The code" },
    },
    Exercise {
        id: "philosophers",
        lab: 2,
        kind: Kind::Write,
        title: "let three philosophers eat with three forks, without a deadlock",
        module: "lab_2::philosophers",
        items: &["take", "put"],
        starts_as: Failure::Deadlock,
        minutes: 20,
        section: Section { chapter: "lab-2", heading: "Questions" },
    },
    Exercise {
        id: "readers-writer",
        lab: 2,
        kind: Kind::Write,
        title: "let readers in together, and a writer alone",
        module: "lab_2::readers_writer",
        items: &["start_read", "end_read", "start_write", "end_write"],
        starts_as: Failure::TornValue,
        minutes: 30,
        section: Section { chapter: "lab-2", heading: "Only the writer locks" },
    },
    Exercise {
        id: "barrier",
        lab: 2,
        kind: Kind::Write,
        title: "let nobody go on before all have arrived, again and again",
        module: "lab_2::barrier",
        items: &["wait"],
        starts_as: Failure::NotAttempted,
        minutes: 40,
        section: Section { chapter: "lab-2", heading: "The code" },
    },
    Exercise {
        id: "same-version",
        lab: 3,
        kind: Kind::Predict,
        title: "name all that a reader can find beside a version that stays the same",
        module: "lab_3::same_version",
        items: OUTCOMES,
        starts_as: Failure::NotAttempted,
        minutes: 15,
        section: Section { chapter: "lab-3", heading: "The execution that breaks it" },
    },
    Exercise {
        id: "two-writers",
        lab: 3,
        kind: Kind::Break,
        title: "find a schedule in which the version deceives a reader",
        module: "lab_3::two_writers",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-3", heading: "The execution that breaks it" },
    },
    Exercise {
        id: "two-counters",
        lab: 3,
        kind: Kind::Break,
        title: "deceive a reader that two counters protect, or claim that nobody can",
        module: "lab_3::two_counters",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 15,
        section: Section { chapter: "lab-3", heading: "The fix" },
    },
    Exercise {
        id: "optimistic-read",
        lab: 3,
        kind: Kind::Write,
        title: "read two words of one moment, and leave the lock free",
        module: "lab_3::optimistic_read",
        items: &["read"],
        starts_as: Failure::TornValue,
        minutes: 25,
        section: Section { chapter: "lab-3", heading: "The fix" },
    },
    Exercise {
        id: "update",
        lab: 3,
        kind: Kind::Write,
        title: "compute a new value from the old one, and let others go on",
        module: "lab_3::update",
        items: &["compare_and_set", "update"],
        starts_as: Failure::LostUpdate,
        minutes: 30,
        section: Section { chapter: "lab-3", heading: "Writing back" },
    },
    Exercise {
        id: "wait-for-change",
        lab: 3,
        kind: Kind::Write,
        title: "sleep until the version is another, and miss no change",
        module: "lab_3::wait_for_change",
        items: &["change", "wait_for_change"],
        starts_as: Failure::Livelock,
        minutes: 40,
        section: Section { chapter: "lab-4", heading: "The code" },
    },
    Exercise {
        id: "first-come",
        lab: 4,
        kind: Kind::Predict,
        title: "name who can get the seat, and at which version",
        module: "lab_4::first_come",
        items: OUTCOMES,
        starts_as: Failure::NotAttempted,
        minutes: 15,
        section: Section { chapter: "lab-4", heading: "What the search says" },
    },
    Exercise {
        id: "same-key",
        lab: 4,
        kind: Kind::Break,
        title: "deceive a reader that looks at the key twice",
        module: "lab_4::same_key",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-4", heading: "The execution that would break it" },
    },
    Exercise {
        id: "armed-too-early",
        lab: 4,
        kind: Kind::Break,
        title: "find a kill after which recovery does harm",
        module: "lab_4::armed_too_early",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-4", heading: "The code" },
    },
    Exercise {
        id: "last-word",
        lab: 4,
        kind: Kind::Break,
        title: "leave a key with half a value, or claim that nobody can",
        module: "lab_4::last_word",
        items: SCHEDULE,
        starts_as: Failure::NotAttempted,
        minutes: 10,
        section: Section { chapter: "lab-4", heading: "The code" },
    },
    Exercise {
        id: "rename",
        lab: 4,
        kind: Kind::Write,
        title: "give a key another name, and let nobody see it halfway",
        module: "lab_4::rename",
        items: &["rename"],
        starts_as: Failure::WrongResult,
        minutes: 25,
        section: Section { chapter: "lab-4", heading: "The code" },
    },
    Exercise {
        id: "sweep",
        lab: 4,
        kind: Kind::Write,
        title: "delete what is stale, while others change the table",
        module: "lab_4::sweep",
        items: &["sweep"],
        starts_as: Failure::LostUpdate,
        minutes: 25,
        section: Section { chapter: "lab-3", heading: "Writing back" },
    },
    Exercise {
        id: "transfer",
        lab: 4,
        kind: Kind::Write,
        title: "move an amount whole or not at all, even if you are killed",
        module: "lab_4::transfer",
        items: &["transfer", "recover"],
        starts_as: Failure::LostUpdate,
        minutes: 45,
        section: Section { chapter: "lab-4", heading: "The fix" },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exercises_are_sorted_by_lab_and_have_names_of_their_own() {
        assert!(ALL.is_sorted_by_key(|exercise| exercise.lab));
        for exercise in ALL {
            assert_eq!(find(exercise.id), Some(exercise), "{} is taken twice", exercise.id);
        }
    }
}

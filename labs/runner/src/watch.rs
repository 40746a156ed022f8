//! `watch`: checks whatever is saved, and does what keys say.
//!
//! Idea: there is one exercise at a time: the next one, or that whose file was saved
//! last. It stays when it has passed, so that its solution can be read, until a key goes
//! on. Where there is no terminal there are no keys, and saving a file is all there is.

mod keyboard;
mod saves;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;

use shmkv_grader::catalogue::{ALL, Exercise};

use crate::app::{App, CommandError, Outcome, seed_of_now};
use crate::commands;
use crate::screen::Tone;

use keyboard::Keyboard;
use saves::{Look, Waiter};

/// The keys, and what they do.
const KEYS: [(&str, &str, &str); 6] = [
    ("r", "run again", "checks the exercise once more"),
    ("h", "hint", "gives a hint, and one more each time"),
    ("n", "next", "goes on to the next exercise that has not passed"),
    ("l", "list", "lists all exercises"),
    ("q", "quit", "ends this; Ctrl-C does, too"),
    ("?", "help", "says what the keys do"),
];

/// What happened.
enum Event {
    Saved(&'static Exercise),
    Key(u8),
    /// Nobody can press a key any more.
    NoKeys,
}

/// Checks the next exercise, then whatever is saved, until it is ended.
///
/// # Errors
/// See [`CommandError`]; what could not be checked is told, and is no error here.
pub fn watch(app: &mut App<'_>) -> Outcome<()> {
    let waiter = Waiter::new(&app.places);
    let mut watch = Watch {
        keyboard: Keyboard::open()?,
        pressed: VecDeque::new(),
        look: Look::now(&app.places),
        exercise: app.progress.next(),
    };
    watch.check(app)?;
    loop {
        watch.foot(app)?;
        match watch.wait(app, &waiter) {
            Event::Saved(exercise) => {
                watch.exercise = Some(exercise);
                watch.check(app)?;
            }
            Event::Key(b'q') | Event::NoKeys => return Ok(()),
            Event::Key(key) => watch.press(app, key)?,
        }
    }
}

/// What is being watched.
struct Watch {
    keyboard: Option<Keyboard>,
    /// Keys that were pressed, and not looked at yet.
    pressed: VecDeque<u8>,
    /// The files at the last look.
    look: Look,
    /// The exercise that is shown; `None` where all have passed.
    exercise: Option<&'static Exercise>,
}

impl Watch {
    fn wait(&mut self, app: &App<'_>, waiter: &Waiter) -> Event {
        let input = io::stdin();
        let keys = self.keyboard.as_ref().map(|_| input.as_fd());
        loop {
            // What was saved during the check is seen at once.
            let look = Look::now(&app.places);
            let changed = look.changed_since(&self.look);
            self.look = look;
            if let Some(exercise) = changed {
                return Event::Saved(exercise);
            }
            let known = |key: &u8| KEYS.iter().any(|(known, ..)| known.as_bytes() == [*key]);
            while let Some(key) = self.pressed.pop_front() {
                if known(&key) {
                    return Event::Key(key);
                }
            }
            if waiter.wait(keys)
                && let Some(keyboard) = &self.keyboard
            {
                match keyboard.keys() {
                    None => return Event::NoKeys,
                    Some(pressed) => self.pressed.extend(pressed),
                }
            }
        }
    }

    /// Begins a new screen with what a check of the exercise says.
    fn check(&mut self, app: &mut App<'_>) -> Outcome<()> {
        app.screen.clear()?;
        let Some(exercise) = self.exercise else {
            app.screen.line("All exercises have passed.")?;
            return Ok(());
        };
        let Exercise { lab, kind, title, .. } = exercise;
        app.screen.line(&format!("Lab {lab}, {kind}: {title}"))?;
        app.screen.line("")?;
        match app.check(exercise, seed_of_now()) {
            Ok(true) => {
                app.screen.line("")?;
                commands::name_solution(app, exercise)
            }
            Ok(false) => Ok(()),
            // The machine's troubles pass, and a file that is gone comes back.
            Err(error @ (CommandError::Grade(_) | CommandError::Usage(_))) => {
                app.screen.line(&error.to_string()).map_err(Into::into)
            }
            Err(error) => Err(error),
        }
    }

    /// Says how far the learner is, and what can be done.
    fn foot(&self, app: &mut App<'_>) -> Outcome<()> {
        app.screen.line("")?;
        commands::progress(app)?;
        if self.keyboard.is_some() {
            let keys =
                KEYS.map(|(key, word, _)| format!("{} {word}", app.screen.paint(Tone::Name, key)));
            app.screen.line(&keys.join("  "))?;
        } else {
            app.screen.line("There are no keys: this is not run in a terminal.")?;
            app.screen.line("Waiting for a file to be saved; Ctrl-C ends this.")?;
        }
        app.screen.flush()?;
        Ok(())
    }

    /// Does what a key says.
    fn press(&mut self, app: &mut App<'_>, key: u8) -> Outcome<()> {
        app.screen.line("")?;
        match key {
            b'r' => self.check(app),
            b'h' => match self.exercise {
                Some(exercise) => commands::hint(app, Some(exercise.id)),
                None => app
                    .screen
                    .line("There is no exercise left to give a hint on.")
                    .map_err(Into::into),
            },
            b'n' => self.go_on(app),
            b'l' => {
                app.screen.clear()?;
                commands::list(app)
            }
            b'?' => {
                for (key, _, what) in KEYS {
                    app.screen.line(&format!("  {key}  {what}"))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Goes on to the next exercise that has not passed.
    fn go_on(&mut self, app: &mut App<'_>) -> Outcome<()> {
        let here = ALL.iter().position(|exercise| Some(exercise) == self.exercise).unwrap_or(0);
        let mut others = ALL.iter().cycle().skip(here + 1).take(ALL.len() - 1);
        if let Some(next) = others.find(|exercise| !app.progress.of(exercise).passed) {
            self.exercise = Some(next);
            return self.check(app);
        }
        match self.exercise.filter(|exercise| !app.progress.of(exercise).passed) {
            Some(only) => {
                let sentence = format!("{} is the only one that has not passed.", only.id);
                app.screen.line(&sentence).map_err(Into::into)
            }
            None => {
                commands::go_on(app)?;
                self.exercise = app.progress.next();
                Ok(())
            }
        }
    }
}

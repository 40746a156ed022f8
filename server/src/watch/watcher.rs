//! The thread that watches.
//!
//! Idea: it sleeps until the version changes, looks at the table and the journal
//! in one moment, and tells what it has found. Between changes it looks whether
//! the segment's name still means this object, and, while a page is open, at the
//! semaphore, which changes without the version.
//! Limits: a look takes the lock, so after one it pauses for [`PACE`]. An object
//! that was unlinked is noticed within [`QUIET`].

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use shmkv::{Deadline, KeyValue, Snapshot, StoreError};

use super::census::Census;
use super::changes::between;
use super::{LockState, View, processes};
use crate::app::App;
use crate::door::{Absence, Attached, Journal};

/// From one look to the next.
const PACE: Duration = Duration::from_millis(1);

/// How long a look waits for the lock.
const PATIENCE: Duration = Duration::from_millis(10);

/// How often the semaphore is looked at while a page is open; and the version, for
/// the sake of programs that wake nobody.
const LIVELY: Duration = Duration::from_millis(10);

/// How often what could not be opened or read is tried again.
const AGAIN: Duration = Duration::from_millis(25);

/// How often anything is looked at when nobody looks.
const QUIET: Duration = Duration::from_millis(200);

/// How often processes are looked for while a page is open.
const CENSUS: Duration = Duration::from_secs(1);

/// The running thread.
pub struct Watcher {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Watcher {
    /// Starts it, and returns when it has looked once: whoever follows from then
    /// on is told how things are, and not that nothing is known yet.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(app: Arc<App>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (looked, first_look) = mpsc::channel();
        let census = Census::start(processes::on_object)?;
        let thread = thread::Builder::new().name("watcher".into()).spawn(move || {
            let running = || {
                // Asked after each look. Nobody listens after the first.
                let _ = looked.send(());
                // Relaxed: a flag to stop by, which orders nothing.
                !stopped.load(Relaxed)
            };
            loop {
                match app.door.attached() {
                    Ok(attached) => Followed::new(&app, &census, attached).follow(running),
                    Err(absence) => search(&app, absence, running),
                }
                if !running() {
                    return;
                }
            }
        })?;
        // A look is bounded; should the thread be gone, requests will say so.
        let _ = first_look.recv();
        Ok(Self { thread, stop })
    }

    /// Stops it, and returns when it has ended.
    pub fn stop(self) {
        self.stop.store(true, Relaxed);
        // Should it have panicked, the message is on stderr already.
        let _ = self.thread.join();
    }
}

/// Looks for a segment until there is one.
fn search(app: &App, mut absence: Absence, running: impl Fn() -> bool) {
    tell_absence(app, &absence);
    while running() {
        match Attached::reopen(app.door.name()) {
            Some(Ok(attached)) => return app.door.attach(Ok(Arc::new(attached))),
            Some(Err(other)) if other != absence => {
                tell_absence(app, &other);
                app.door.attach(Err(other.clone()));
                absence = other;
            }
            _ => {}
        }
        sleep(AGAIN);
    }
}

fn tell_absence(app: &App, absence: &Absence) {
    app.hub.close(absence.to_string());
    app.views.send_modify(|view| {
        let problem = Some(absence.to_string());
        let processes = Arc::default();
        *view = Arc::new(View { problem, processes, ..View::clone(view) });
    });
}

/// A store that is followed.
struct Followed<'a> {
    app: &'a App,
    census: &'a Census,
    attached: Arc<Attached>,
    object: u64,
    table: Option<Arc<Snapshot>>,
    problem: Option<String>,
    looked: Instant,
    named: Instant,
    asked: Option<Instant>,
    held_since: Option<Instant>,
}

impl<'a> Followed<'a> {
    fn new(app: &'a App, census: &'a Census, attached: Arc<Attached>) -> Self {
        let (_, object) = attached.store().segment().identity();
        let now = Instant::now();
        Self {
            app,
            census,
            attached,
            object,
            table: None,
            problem: None,
            looked: now,
            named: now,
            asked: None,
            held_since: None,
        }
    }

    /// Follows until the name means another object, or none.
    fn follow(mut self, running: impl Fn() -> bool) {
        self.look();
        self.publish();
        while running() {
            if self.named.elapsed() >= QUIET {
                self.named = Instant::now();
                if let Ok(false) = self.attached.store().segment().is_named() {
                    let name = self.app.door.name().clone();
                    return self.app.door.attach(Err(Absence::Unlinked { name }));
                }
            }
            if self.wait() {
                self.look();
            }
            self.publish();
        }
    }

    /// Sleeps until there is something to look at; false where there is not.
    fn wait(&self) -> bool {
        let pause = if self.is_viewed() { LIVELY } else { QUIET };
        let seen = match (&self.table, &self.problem) {
            (Some(table), None) => table.version,
            _ => {
                sleep(AGAIN);
                return true;
            }
        };
        let found = self.attached.store().wait_for_change(seen, Deadline::after(pause));
        match found {
            Ok(Some(_)) => {
                sleep(PACE.saturating_sub(self.looked.elapsed()));
                true
            }
            Ok(None) => false,
            Err(_) => {
                sleep(AGAIN);
                true
            }
        }
    }

    fn is_viewed(&self) -> bool {
        self.app.views.receiver_count() > 0
    }

    /// Reads the table, and tells what is new.
    fn look(&mut self) {
        self.looked = Instant::now();
        let store = self.attached.store().within(PATIENCE);
        let look =
            |journal: &mut Journal| store.entries().map(|table| (Arc::new(table), journal.take()));
        // While a change of ours is under way, its note is not there yet.
        let Some(found) = self.attached.between_changes(look) else { return };
        let (table, notes) = match found {
            Ok(found) => found,
            // The table is as it was, as far as anybody knows.
            Err(StoreError::LockTimeout { .. }) if self.table.is_some() => return,
            Err(error) => {
                self.problem = Some(error.to_string());
                if self.table.is_none() {
                    self.app.hub.close(error.to_string());
                }
                return;
            }
        };
        match &self.table {
            Some(old) if old.version != table.version => {
                self.app.hub.tell(&between(old, &table, notes), table.clone());
            }
            // Changed by somebody who does not count: nobody knows the steps.
            Some(old) if *old != table => self.app.hub.open(self.object, table.clone()),
            Some(_) => {}
            None => self.app.hub.open(self.object, table.clone()),
        }
        self.problem = None;
        self.table = Some(table);
    }

    /// Shows pages how things are, if anything is new.
    fn publish(&mut self) {
        let Some(table) = self.table.clone() else { return self.publish_problem() };
        let bytes = self.attached.store().table().bytes();
        if self.is_viewed() && self.asked.is_none_or(|asked| asked.elapsed() >= CENSUS) {
            self.asked = Some(Instant::now());
            self.census.ask(self.object);
        }
        let view = Arc::new(View {
            problem: self.problem.clone(),
            table,
            lock: self.lock(&bytes),
            bytes: Arc::new(bytes),
            processes: self.census.last(self.object),
        });
        self.app.views.send_if_modified(|shown| {
            let is_new = *shown != view;
            *shown = view;
            is_new
        });
    }

    /// Shows why there is nothing to show.
    fn publish_problem(&mut self) {
        let bytes = self.attached.store().table().bytes();
        let (problem, lock) = (self.problem.clone(), self.lock(&bytes));
        self.app.views.send_if_modified(|shown| {
            let is_new = shown.problem != problem || shown.lock != lock;
            let bytes = Arc::new(bytes);
            *shown = Arc::new(View { problem, lock, bytes, ..View::clone(shown) });
            is_new
        });
    }

    /// The lock, and for how long it has been seen held.
    fn lock(&mut self, bytes: &[u8]) -> LockState {
        let state = LockState::of(bytes, self.app.door.queued(), 0);
        if state.value > 0 {
            self.held_since = None;
            return state;
        }
        let since = *self.held_since.get_or_insert_with(Instant::now);
        LockState { held_s: since.elapsed().as_secs(), ..state }
    }
}

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

use shmkv::{Deadline, KeyValue, Owner, Process, Segment, Snapshot, StoreError, Table};

use super::census::Census;
use super::changes::between;
use super::{Holder, LockState, View, processes};
use crate::app::App;
use crate::door::{Absence, Attached, Journal};

/// From one look to the next.
const PACE: Duration = Duration::from_millis(1);

/// How long a look waits for the lock.
const PATIENCE: Duration = Duration::from_millis(10);

/// How often the semaphore is looked at while a page is open; and the version, for
/// the sake of programs that wake nobody.
const LIVELY: Duration = Duration::from_millis(10);

/// How often a store that could not be opened or read is tried again.
const AGAIN: Duration = Duration::from_millis(25);

/// How often the store is checked while nobody follows it.
const QUIET: Duration = Duration::from_millis(200);

/// After how long the lock's holder is looked up.
const LOOK_AT_OWNER: Duration = Duration::from_millis(250);

/// How often processes are looked for while a page is open.
const CENSUS: Duration = Duration::from_secs(1);

/// The running thread.
pub struct Watcher {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Watcher {
    /// Starts it, and returns after its first look, so that a follower is told the
    /// current state and not that nothing is known yet.
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
                    Err(absence) => search(&app, &census, absence, running),
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
fn search(app: &App, census: &Census, mut absence: Absence, running: impl Fn() -> bool) {
    tell_absence(app, &absence);
    let mut asked = None;
    while running() {
        if absence != Absence::Recovering
            && let Some(found) = Attached::reopen(app.door.name(), app.door.trust())
        {
            app.door.attach_found(found);
        }
        match app.door.attached() {
            Ok(_) => return,
            Err(other) if other != absence => {
                tell_absence(app, &other);
                absence = other;
            }
            Err(Absence::Damaged { reason }) => show_damaged(app, census, &mut asked, &reason),
            Err(_) => {}
        }
        sleep(AGAIN);
    }
}

/// Shows a table that cannot be used, as it lies in memory.
fn show_damaged(app: &App, census: &Census, asked: &mut Option<Instant>, reason: &str) {
    // Not kept open: then somebody else can recover it.
    let door = &app.door;
    let segment = Segment::open_with(door.name(), size_of::<Table>(), door.trust());
    let Ok(segment) = segment else { return };
    let Ok(table) = segment.at::<Table>(0) else { return };
    let (_, object) = segment.identity();
    if is_due(app, *asked) {
        *asked = Some(Instant::now());
        census.ask(object);
    }
    let (processes, notice) = (census.last(object), app.door.last_notice());
    show(app, View { processes, notice, ..View::of_damaged(table, reason) });
}

/// Whether a page is open, and processes have not been looked for lately.
fn is_due(app: &App, asked: Option<Instant>) -> bool {
    app.views.receiver_count() > 0 && asked.is_none_or(|asked| asked.elapsed() >= CENSUS)
}

/// Shows pages how things are, if anything is new.
fn show(app: &App, view: View) {
    app.views.send_if_modified(|shown| {
        let is_new = **shown != view;
        *shown = Arc::new(view);
        is_new
    });
}

fn tell_absence(app: &App, absence: &Absence) {
    app.hub.close(absence.to_string());
    if matches!(absence, Absence::Damaged { .. } | Absence::Recovering) {
        // The one is shown next, the other over at once.
        return;
    }
    app.views.send_modify(|view| {
        let problem = Some(absence.to_string());
        let (processes, damaged) = (Arc::default(), false);
        *view = Arc::new(View { problem, damaged, processes, ..View::clone(view) });
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
    damaged: bool,
    looked: Instant,
    named: Instant,
    asked: Option<Instant>,
    held_since: Option<Instant>,
    /// A dead process that holds the lock, and the last recovery before.
    dead: Option<(Process, Option<u64>)>,
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
            damaged: false,
            looked: now,
            named: now,
            asked: None,
            held_since: None,
            dead: None,
        }
    }

    /// Follows until the name means another object, or none, or the store is let go.
    fn follow(mut self, running: impl Fn() -> bool) {
        self.look();
        self.publish();
        while running() && !self.attached.is_let_go() {
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

    /// Sleeps until there is something to read; false where there is not.
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
                self.damaged = matches!(error, StoreError::Corrupt(_));
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
        (self.problem, self.damaged) = (None, false);
        self.table = Some(table);
    }

    /// Shows pages how things are, if anything is new.
    fn publish(&mut self) {
        let Some(table) = self.table.clone() else { return self.publish_problem() };
        let bytes = self.attached.store().table().bytes();
        if is_due(self.app, self.asked) {
            self.asked = Some(Instant::now());
            self.census.ask(self.object);
        }
        let lock = self.lock(&bytes);
        let view = View {
            problem: self.problem.clone(),
            damaged: self.damaged,
            table,
            lock,
            bytes: Arc::new(bytes),
            processes: self.census.last(self.object),
            notice: self.app.door.last_notice(),
        };
        show(self.app, view);
    }

    /// Shows why there is nothing to show.
    fn publish_problem(&mut self) {
        let bytes = self.attached.store().table().bytes();
        let (problem, lock) = (self.problem.clone(), self.lock(&bytes));
        let (damaged, notice) = (self.damaged, self.app.door.last_notice());
        let view = View::clone(&self.app.views.borrow());
        show(self.app, View { problem, damaged, lock, notice, bytes: Arc::new(bytes), ..view });
    }

    /// The lock, and for how long it has been seen held, and by whom.
    fn lock(&mut self, bytes: &[u8]) -> LockState {
        let state = LockState::of(bytes, self.app.door.queued());
        let last = self.app.door.last_notice().map(|notice| notice.number);
        if state.value > 0 {
            self.held_since = None;
            // Who recovered it here has noticed it already.
            if let Some((process, _)) = self.dead.take_if(|(_, before)| *before == last) {
                let text = "died while it held the lock; another program has recovered the store";
                self.app.door.notice(format!("{process} {text}"));
            }
            self.dead = None;
            return state;
        }
        let held = self.held_since.get_or_insert_with(Instant::now).elapsed();
        let owner = (held >= LOOK_AT_OWNER).then(|| self.attached.store().owner());
        if let Some(Owner::Dead(process)) = &owner {
            self.dead.get_or_insert((process.clone(), last));
        }
        LockState { held_s: held.as_secs(), owner: owner.and_then(Holder::of), ..state }
    }
}

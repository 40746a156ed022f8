//! The figures: executions of real scenarios, made when the book is built.
//!
//! Idea: a figure is a scenario, how to look for the execution to show, and the
//! verdict that its chapter speaks of; another verdict is an error, so that the
//! text cannot drift from what happens.
//! Limits: simulation and stress fork, so figures are made while the program
//! has one thread. Where the machine cannot simulate, the book says so in the
//! figures' places.

mod collect;
mod lost_update;
// The chapter shows it as a reader's own test, which it is.
#[path = "../../tests/your_code/transfer.rs"]
mod transfer;
mod variants;

use std::collections::BTreeMap;

use shmkv_harness::sim::{Replay, Schedule, Search, SearchReport, SimError, Simulate};
use shmkv_harness::{Scenario, Shared, StressOptions, StressReport, in_lines, stress, thousands};
use shmkv_labs::explore;

use crate::scheduler::{self, LabCase, Played};
use crate::{BookError, Excerpt, Sources, html};

/// The most states of a figure that is played.
const MOST_STATES: usize = 1_000;

/// All figures, by name.
#[derive(Default)]
pub struct Figures {
    figures: BTreeMap<String, Figure>,
    /// Why there are none from the simulator.
    unsupported: Option<String>,
}

/// What was made of one scenario.
#[derive(Default)]
struct Figure {
    case: Option<LabCase>,
    execution: Option<Replay>,
    search: Option<SearchReport>,
    played: Option<Played>,
    output: Option<String>,
}

impl Figures {
    /// Makes all figures of the book. The program must have one thread.
    ///
    /// # Errors
    /// See [`BookError`].
    pub fn collect(sources: &Sources) -> Result<Self, BookError> {
        let mut figures = Self::default();
        collect::all(&mut figures, sources)?;
        Ok(figures)
    }

    /// The names of the figures that a reader plays.
    pub fn played(&self) -> impl Iterator<Item = (&str, &Played)> {
        let figures = self.figures.iter();
        figures.filter_map(|(name, figure)| Some((name.as_str(), figure.played.as_ref()?)))
    }

    /// The execution of figure `name`, as HTML.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn timeline(&self, name: &str) -> Result<String, BookError> {
        self.show("timeline", name, |figure| {
            Some(html::timeline(figure.execution.as_ref()?, figure.case))
        })
    }

    /// The execution of figure `name` in one sentence: schedule and verdict.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn schedule(&self, name: &str) -> Result<String, BookError> {
        self.show("schedule", name, |figure| {
            Some(html::schedule(figure.execution.as_ref()?, figure.case))
        })
    }

    /// Figure `name`, to be played, as HTML.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn scheduler(&self, name: &str) -> Result<String, BookError> {
        self.show("scheduler", name, |figure| {
            let (played, failure) = (figure.played.as_ref()?, figure.execution.as_ref()?);
            Some(html::scheduler(name, played, failure))
        })
    }

    /// What the searches in the figures `names` say of themselves, one a line;
    /// where they are several, behind the names of their scenarios.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn search(&self, names: &str) -> Result<String, BookError> {
        let names: Vec<&str> = names.split_whitespace().collect();
        let mut lines = String::new();
        for name in &names {
            let figure = self.figures.get(*name).ok_or_else(|| no_figure("search", name))?;
            let (scenario, search) = match (&self.unsupported, &figure.search) {
                (Some(why), _) => return Ok(html::unsupported(why)),
                (None, Some(search)) => (name.rsplit('/').next().unwrap_or(name), search),
                (None, None) => return Err(no_figure("search", name)),
            };
            match names.len() {
                1 => lines += &in_lines(&search.to_string(), "  "),
                _ => {
                    let line = format!("{scenario:<10}  {search}");
                    lines += &in_lines(&line, &" ".repeat(12));
                }
            }
            lines.push('\n');
        }
        Ok(html::output(&lines))
    }

    /// How many schedules figure `name`, which is played, has, and how many of them
    /// hold: a sentence for the prose around it.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn counts(&self, name: &str) -> Result<String, BookError> {
        self.show("scheduler", name, |figure| {
            let (all, failing) = figure.played.as_ref()?.counts()?;
            let (all, held) = (thousands(all), thousands(all - failing));
            Some(format!("Of {all} schedules {held} hold."))
        })
    }

    /// In how many orders the steps of figure `name`, which is played, can be made: a
    /// sentence for the prose around it.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn orders(&self, name: &str) -> Result<String, BookError> {
        self.show("scheduler", name, |figure| {
            let (all, _) = figure.played.as_ref()?.counts()?;
            Some(format!("That makes {} orders.", thousands(all)))
        })
    }

    /// What `explore` says of the search in figure `name`: what ran, and what it covered.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn explored(&self, name: &str) -> Result<String, BookError> {
        self.show("search", name, |figure| {
            let search = figure.search.as_ref()?;
            let coverage = explore::coverage_line(&search.coverage);
            let search = in_lines(&search.to_string(), "  ");
            Some(html::output(&format!("{search}\n{coverage}\n")))
        })
    }

    /// What figure `name` printed.
    ///
    /// # Errors
    /// [`BookError::NoFigure`].
    pub fn output(&self, name: &str) -> Result<String, BookError> {
        let figure = self.figures.get(name).and_then(|figure| figure.output.as_ref());
        figure.map(|text| html::output(text)).ok_or_else(|| no_figure("output", name))
    }

    fn show(
        &self,
        kind: &'static str,
        name: &str,
        show: impl Fn(&Figure) -> Option<String>,
    ) -> Result<String, BookError> {
        let figure = self.figures.get(name).ok_or_else(|| no_figure(kind, name))?;
        match &self.unsupported {
            Some(why) => Ok(html::unsupported(why)),
            None => show(figure).ok_or_else(|| no_figure(kind, name)),
        }
    }

    fn entry(&mut self, name: &str) -> &mut Figure {
        self.figures.entry(name.to_owned()).or_default()
    }

    /// The result of a simulation; `None` where this machine cannot simulate.
    fn simulated<R>(
        &mut self,
        name: &str,
        result: Result<R, SimError>,
    ) -> Result<Option<R>, BookError> {
        self.entry(name);
        match result {
            Ok(result) => Ok(Some(result)),
            Err(error @ SimError::Unsupported { .. }) => {
                self.unsupported = Some(error.to_string());
                Ok(None)
            }
            Err(source) => Err(BookError::Sim { name: name.to_owned(), source }),
        }
    }

    /// Says which scenario of which lab figure `name` is of.
    fn of_lab(&mut self, name: &str, lab: &'static str, case: &'static str) {
        self.entry(name).case = Some(LabCase { lab, name: case });
    }

    /// Searches `scenario`; keeps the report, and the failing execution if there
    /// is one. The verdict must begin with `wanted`.
    fn searched(
        &mut self,
        name: &str,
        scenario: &dyn Simulate,
        search: &Search,
        wanted: &'static str,
    ) -> Result<(), BookError> {
        let explored = scenario.explore(search, &mut |_, _| {});
        let Some(report) = self.simulated(name, explored)? else { return Ok(()) };
        check_verdict(name, wanted, report.verdict.to_string())?;
        let figure = self.entry(name);
        figure.execution.clone_from(&report.failure);
        figure.search = Some(report);
        Ok(())
    }

    /// Searches `scenario`, of which the chapter says that every schedule fails. The
    /// verdict must begin with `wanted`.
    fn all_fail(
        &mut self,
        name: &str,
        scenario: &dyn Simulate,
        wanted: &'static str,
    ) -> Result<(), BookError> {
        self.searched(name, scenario, &Search::exhaustive(2), wanted)?;
        match self.figures.get(name).and_then(|figure| figure.search.as_ref()) {
            Some(search) if search.failed < search.schedules => Err(BookError::Verdict {
                name: name.to_owned(),
                wanted,
                found: format!("{} of {} schedules failed", search.failed, search.schedules),
            }),
            _ => Ok(()),
        }
    }

    /// Runs `scenario` under one schedule. The verdict must begin with `wanted`.
    fn replayed(
        &mut self,
        name: &str,
        scenario: &dyn Simulate,
        schedule: &str,
        wanted: &'static str,
    ) -> Result<(), BookError> {
        let schedule: Schedule = schedule.parse().expect("schedules of figures are well formed");
        let Some(found) = self.simulated(name, scenario.replay(&schedule))? else { return Ok(()) };
        check_verdict(name, wanted, found.verdict.to_string())?;
        self.entry(name).execution = Some(found);
        Ok(())
    }

    /// The execution of figure `name` has these steps, in this order, which its
    /// chapter speaks of.
    fn has_steps(&self, name: &str, steps: &[&'static str]) -> Result<(), BookError> {
        let figure = self.figures.get(name).ok_or_else(|| no_figure("timeline", name))?;
        // Where nothing can be simulated there is no figure to differ from.
        let Some(execution) = &figure.execution else { return Ok(()) };
        let text = execution.timeline.to_string();
        let mut rest = text.as_str();
        for step in steps {
            let found = rest.split_once(step);
            let missing = || BookError::NoStep { name: name.to_owned(), step };
            rest = found.ok_or_else(missing)?.1;
        }
        Ok(())
    }

    /// Searches `scenario`, and makes a figure to be played of it, which marks
    /// the lines of `listings`.
    fn playable<T: Shared>(
        &mut self,
        name: &str,
        scenario: Scenario<T>,
        wanted: &'static str,
        listings: &[Excerpt],
    ) -> Result<(), BookError> {
        self.searched(name, &scenario, &Search::exhaustive(2), wanted)?;
        let figure = self.entry(name);
        let (Some(failure), case) = (&figure.execution, figure.case) else { return Ok(()) };
        let failure = failure.schedule.to_string();
        let played = scheduler::play(name, scenario, listings, failure, case, MOST_STATES)?;
        self.entry(name).played = Some(played);
        Ok(())
    }

    /// Runs `scenario` in parallel.
    fn stressed<T: Shared>(
        &mut self,
        name: &str,
        scenario: &Scenario<T>,
        options: &StressOptions,
    ) -> Result<StressReport, BookError> {
        stress(scenario, options)
            .map_err(|source| BookError::Stress { name: name.to_owned(), source })
    }

    /// Keeps what is to be shown as printed.
    fn printed(&mut self, name: &str, text: String) {
        self.entry(name).output = Some(text);
    }
}

fn no_figure(kind: &'static str, name: &str) -> BookError {
    BookError::NoFigure { kind, name: name.to_owned() }
}

fn check_verdict(name: &str, wanted: &'static str, found: String) -> Result<(), BookError> {
    match found.starts_with(wanted) {
        true => Ok(()),
        false => Err(BookError::Verdict { name: name.to_owned(), wanted, found }),
    }
}

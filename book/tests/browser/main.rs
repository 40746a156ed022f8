//! The book in a browser: every page, the search, the figures, the colours.
//!
//! Where there is no browser the tests are ignored, and say so; under `CI=true`
//! they fail instead.

mod figures;
mod looks;
mod pages;
mod site;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use shmkv_tests::Browser;
use site::Site;

type Test = fn(&Site, &Browser);

const TESTS: &[(&str, Test)] = &[
    ("every_page_loads_without_complaints", pages::every_page_loads_without_complaints),
    ("search_finds_semaphore", pages::search_finds_semaphore),
    ("figure_is_played_to_its_violation_by_clicks", figures::played_by_clicks),
    ("figure_is_played_to_its_violation_by_keys", figures::played_by_keys),
    ("figure_undoes_and_does_again", figures::undoes_and_does_again),
    ("figure_accepts_schedules_and_says_what_is_wrong", figures::accepts_schedules),
    ("every_figure_shows_the_failure_that_the_simulator_found", figures::all_show_their_failure),
    ("figures_tell_screen_readers_what_they_do", figures::labels),
    ("every_theme_is_readable", looks::every_theme_is_readable),
    ("every_page_fits_a_phone", looks::every_page_fits_a_phone),
    ("what_a_desktop_shows_is_not_cut_off", looks::what_a_desktop_shows_is_not_cut_off),
    ("printed_figures_are_timelines", looks::printed_figures_are_timelines),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = Browser::missing();
    if let Some(why) = &missing {
        eprintln!("browser tests: {why}");
        if std::env::var("CI").is_ok_and(|value| value == "true") {
            return ExitCode::FAILURE;
        }
    }
    let ignored = missing.is_some();
    let site = (!arguments.list && !ignored).then(|| Arc::new(Site::start()));
    let trials = TESTS.iter().map(|(name, test)| {
        let site = site.clone();
        let trial = Trial::test(*name, move || {
            let site = site.expect("tests that run have a site");
            test(&site, &Browser::start());
            Ok(())
        });
        trial.with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

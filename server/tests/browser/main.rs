//! The live page in a browser: what a person sees and does.
//!
//! Where there is no browser the tests are ignored, and say so; under `CI=true`
//! they fail instead.

mod changes;
mod docs;
mod looks;
mod others;
mod page;
mod recovery;
mod shows;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use shmkv_tests::Browser;

/// Browsers at a time: each is several processes.
const AT_A_TIME: usize = 2;

const TESTS: &[(&str, fn())] = &[
    ("changes_appear_and_flash", shows::changes_appear_and_flash),
    ("text_that_looks_like_markup_is_shown_as_text", shows::markup_is_text),
    ("values_of_no_text_are_shown_in_base64", shows::bytes_in_base64),
    ("bytes_of_the_segment_show_and_new_ones_are_marked", shows::bytes_of_the_segment),
    ("lock_and_who_waits_for_it_show", shows::lock_and_waiters),
    ("versions_rise_in_the_graph", shows::versions_rise),
    ("page_of_a_read_only_server_only_shows", shows::read_only),
    ("set_by_the_dialog", changes::set_by_the_dialog),
    ("set_by_keys_alone", changes::set_by_keys_alone),
    ("set_of_what_is_too_long_is_stopped", changes::too_long),
    ("set_into_a_full_table_is_refused_in_words", changes::full_table),
    ("edit_in_place", changes::edit_in_place),
    ("edit_of_what_is_too_long_says_so", changes::edit_too_long),
    ("edit_of_what_changed_meanwhile_asks", changes::edit_conflict),
    ("delete_and_undo", changes::delete_and_undo),
    ("search_by_prefix_and_exactly_and_copy", changes::search_and_copy),
    ("server_that_stops_and_starts_is_followed", others::server_restarts),
    ("page_that_finds_no_place_says_so", others::no_place),
    ("segment_that_goes_and_comes_is_followed", others::segment_goes),
    ("two_pages_see_each_other", others::two_pages),
    ("c_program_is_seen_writing", others::c_program),
    ("producer_and_consumer_are_seen", others::producer_and_consumer),
    ("dead_owner_is_told_and_recovered_from", recovery::dead_owner),
    ("owner_that_nobody_knows_is_told", recovery::unknown_owner),
    ("damaged_table_is_shown_and_put_right", recovery::damaged_table),
    ("themes_are_readable_and_kept", looks::themes),
    ("right_to_left_text_keeps_to_itself", looks::right_to_left),
    ("nothing_is_cut_covered_or_left_empty", looks::places),
    ("everything_fits_a_phone", looks::phone),
    ("everything_has_a_name_for_screen_readers", looks::names),
    ("api_is_tried_out_and_read", docs::tried_and_read),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(AT_A_TIME).min(AT_A_TIME));
    let missing = Browser::missing();
    if let Some(why) = &missing {
        eprintln!("browser tests: {why}");
        if std::env::var("CI").is_ok_and(|value| value == "true") {
            return ExitCode::FAILURE;
        }
    }
    let trials = TESTS.iter().map(|(name, test)| {
        let trial = Trial::test(*name, move || {
            test();
            Ok(())
        });
        trial.with_ignored_flag(missing.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

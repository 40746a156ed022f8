//! The simulator, from single instructions to whole searches.

mod children;
mod common;
mod counted;
#[path = "../denied/mod.rs"]
mod denied;
mod faults;
mod futexes;
mod instruction_cases;
mod instructions;
mod libc_functions;
mod limits;
mod lines;
mod loops;
mod odd;
mod programs;

mod reduction;
mod replays;
mod robust;
#[path = "../runner/mod.rs"]
mod runner;
mod spins;
mod surroundings;
mod sync;
mod time;

use std::process::ExitCode;

use counted::*;
use faults::*;
use futexes::*;
use instructions::*;
use libc_functions::*;
use limits::*;
use lines::*;
use loops::*;
use odd::*;
use reduction::*;
use replays::*;
use robust::*;
use spins::*;
use surroundings::*;
use sync::*;
use time::*;

fn main() -> ExitCode {
    if let Some(done) = children::serve() {
        return done;
    }
    runner::run(
        shmkv_harness::sim::supported(),
        tests![
            independent_stores_interleave_in_all_ways,
            reduction_keeps_all_outcomes,
            lost_update_is_found_by_every_strategy,
            atomic_increment_holds_in_all_schedules,
            semaphore_closes_the_race_in_all_schedules,
            semaphore_taken_crosswise_deadlocks,
            killed_owner_leaves_the_others_waiting,
            one_that_waits_for_itself_is_told_so,
            deadlocks_can_be_foreseen,
            outcomes_tell_in_how_many_schedules_they_failed,
            state_graph_has_all_states_and_ends,
            timeline_is_drawn_as_text_and_picture,
            a_semaphores_steps_are_one_row_where_nobody_comes_between,
            clocks_show_virtual_time,
            segment_left_behind_is_a_leak_and_removed,
            one_that_gives_up_spinning_is_found,
            shortest_failure_of_a_spinner_fails_again,
            one_that_spins_forever_is_a_livelock,
            pct_finds_bugs_among_spinners,
            productive_steps_are_no_livelock,
            one_that_spins_while_time_passes_needs_no_schedule,
            reductions_lose_no_outcome,
            reductions_lose_no_outcome_under_locks,
            reductions_lose_no_outcome_with_kills,
            reductions_lose_no_outcome_when_owners_are_killed,
            reductions_lose_no_outcome_as_time_passes,
            schedules_are_counted_by_the_formula,
            bounded_schedules_are_counted_by_the_formula,
            search_of_what_does_not_repeat_is_not_complete,
            bounded_loops_come_to_what_an_interpreter_says,
            bounded_loops_with_kills_come_to_what_an_interpreter_says,
            reader_that_believes_after_some_tries_is_found_with_one_preemption,
            sampling_lets_a_reader_believe_after_a_hundred_tries,
            loops_that_only_another_can_end_are_complete,
            search_of_a_loop_that_counts_is_not_complete,
            turns_decide_how_far_a_bounded_loop_is_followed,
            livelock_is_a_state_that_repeats,
            livelock_beside_a_sleeper_is_repeated,
            polled_deadlines_can_pass,
            time_can_be_late_at_any_look_at_the_clock,
            tries_counted_in_any_memory_are_followed_to_their_end,
            process_that_maps_memory_is_not_taken_to_loop,
            two_kills_show_that_the_undo_record_was_disarmed_first,
            lost_update_among_many_processes_is_found_soon,
            delayed_schedules_are_counted_like_inversions,
            instructions_do_as_the_processor_does,
            memcpy_copies_out_of_shared_memory,
            memcpy_copies_into_shared_memory,
            memcpy_copies_within_shared_memory,
            memmove_moves_overlapping_bytes,
            memset_fills_shared_memory,
            memcmp_compares_shared_memory,
            strings_are_measured_and_searched,
            strings_are_copied_and_compared,
            memcpy_of_256_bytes_is_several_steps,
            wakes_and_requeues_are_those_of_the_kernel,
            results_at_once_are_those_of_the_kernel,
            waits_end_by_the_virtual_clock,
            word_that_counts_has_no_holder,
            other_operations_are_refused_by_name,
            semaphores_hand_over,
            semaphores_count_several_waiters,
            semaphore_waits_end_in_time_or_at_once,
            private_semaphore_wakes_no_other_process,
            mutexes_exclude_each_other,
            three_take_a_mutex_in_turn,
            mutex_errors_are_those_of_its_kind,
            mutex_wait_ends_in_time,
            conditions_wake_who_waits,
            broadcast_wakes_all_and_signal_one,
            signal_without_a_state_is_lost,
            condition_wait_ends_in_time,
            rwlock_lets_readers_meet,
            rwlock_attempts_fail_while_it_is_taken,
            barrier_lets_three_go_on_together,
            steps_have_lines_of_the_scenarios_own_code_or_none,
            the_earliest_of_several_times_comes_first,
            sleeps_take_virtual_time_only,
            sleeps_without_end_pass_as_others,
            all_clocks_are_virtual,
            counter_of_the_processor_is_virtual,
            all_sleeps_are_virtual,
            impossible_times_are_errors,
            times_in_shared_memory_are_read,
            sleepers_wake_in_order_of_time,
            busy_waits_for_a_time_end,
            sleep_is_no_synchronisation,
            sleep_of_no_length_lets_nobody_pass,
            kill_of_an_owner_that_was_preempted_is_found,
            time_that_passes_before_a_look_is_found,
            waits_may_end_while_others_could_go_on,
            what_stress_sees_is_predicted,
            executions_repeat_byte_for_byte,
            schedule_of_a_process_that_does_not_exist_is_refused,
            large_states_are_seen_whole,
            alignment_and_padding_are_kept,
            empty_states_and_bodies_have_one_schedule,
            thirty_one_processes_are_the_most,
            steps_are_bounded,
            searches_that_cannot_run_are_refused,
            long_executions_are_minimised,
            minimising_ends_with_the_time_of_the_search,
            long_schedules_replay,
            time_bounds_a_search,
            count_bounds_a_search,
            first_failure_ends_a_search_or_not,
            long_results_are_cut,
            hash_maps_iterate_in_the_same_order_again,
            heap_addresses_repeat,
            environment_is_the_same_in_each_execution,
            random_bytes_repeat,
            access_outside_is_a_crash_with_its_line,
            access_across_the_end_is_a_crash,
            copy_across_the_end_is_a_crash_after_what_fits,
            copy_from_nowhere_is_a_crash,
            jump_into_shared_memory_is_a_crash,
            jump_to_nowhere_is_a_crash,
            stack_overflow_is_a_crash,
            broken_stack_is_a_crash,
            instructions_that_trap_are_crashes,
            division_by_shared_zero_is_a_crash,
            vector_alignment_is_checked_on_shared_memory_too,
            gathers_are_refused_by_name,
            crash_ends_its_own_process_only,
            exit_is_a_crash_with_its_status,
            abort_is_a_crash_with_its_line,
            panic_is_told_with_message_and_place,
            panic_that_cannot_unwind_is_told_too,
            panic_that_the_body_catches_is_none,
            signals_to_itself_end_it_by_name,
            signals_that_are_ignored_do_nothing,
            own_handlers_run_before_the_call_returns,
            blocked_signals_wait_until_they_are_not,
            blocking_all_signals_blocks_no_step,
            broken_pipe_is_an_error_as_ever,
            infinite_loop_times_out,
            wait_in_the_kernel_times_out,
            process_that_does_not_run_is_waited_for,
            process_killed_from_outside_is_a_crash,
            private_memory_can_be_mapped,
            processes_and_threads_are_refused,
            other_shared_memory_is_refused,
            shared_bytes_in_calls_on_files_are_refused,
            signals_to_others_are_refused,
            what_waits_unseen_is_refused_by_name,
            handlers_that_the_simulator_needs_are_refused,
            refusal_ends_the_search,
            closing_all_files_and_printing_harm_nothing,
            own_ids_are_made_up_but_consistent,
            files_can_be_read,
            next_owner_is_told_as_by_the_kernel,
            waiter_is_told_as_by_the_kernel,
            every_end_of_an_owner_is_told,
            end_of_an_owner_is_a_step,
            recovery_is_told_of_those_that_were_stuck,
            stalled_mutex_is_lost_with_its_owner,
            broken_list_harms_nobody,
            list_with_a_mutex_twice_is_told,
            survivors_go_on_after_a_kill,
            it_is_supported_here,
            processes_have_no_descriptor_of_the_shared_state,
            change_that_is_no_step_is_refused,
            confinement_is_made_before_the_first_body,
            denied_seccomp_is_told_in_a_sentence,
            tests_are_ignored_where_it_is_not_supported,
            what_bodies_print_is_not_shown,
            nothing_outlives_a_killed_search,
            nothing_is_left_in_the_program_itself,
            killed_helper_is_an_error,
            two_programs_search_at_once,
            panic_in_setup_is_an_error,
            several_threads_are_refused,
            setup_is_run_once_and_its_state_kept,
        ],
    )
}

//! `lab-4` as a user runs it: the two programs, the operations, the simulator.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use assert_cmd::assert::{Assert, OutputAssertExt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use rstest::rstest;
use serde_json::{Value, json};
use shmkv::{KeyValue, SegmentName, Store};
use shmkv_tests::{Peer, TestName, program};

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

fn lab_4(arguments: &[&str]) -> Command {
    let mut command = program("lab-4");
    command.args(arguments);
    command
}

/// Runs an operation on the store `name`.
fn operation(name: &SegmentName, arguments: &[&str]) -> Assert {
    let mut command = lab_4(arguments);
    command.args(["--name", name.as_str()]).assert()
}

fn output(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

/// A program that runs until it is told to end; killed with the test.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(name: &SegmentName, arguments: &[&str]) -> Self {
        let mut command = lab_4(arguments);
        command.args(["--name", name.as_str()]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("lab-4");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    /// The next line; blocks until it is there.
    fn line(&mut self) -> String {
        self.lines.next().expect("another line").expect("text")
    }

    fn lines_up_to(&mut self, last: &str) -> Vec<String> {
        let mut lines = vec![self.line()];
        while lines.last().is_some_and(|line| line != last) {
            lines.push(self.line());
        }
        lines
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("a running program");
    }

    /// The exit status, once it has ended.
    fn end(mut self) -> Option<i32> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the program has not ended in {LIMIT:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const READY: &str = "press Ctrl-C to end";

#[test]
fn consumer_sees_what_the_producer_set_and_each_change_after_it() {
    let name = TestName::new("pair");
    let mut producer = Running::start(&name, &["producer"]);
    let lines = producer.lines_up_to(READY);
    assert_eq!(lines[1], "set username = john_doe");
    assert_eq!(lines[lines.len() - 2], "version 8, 8 entries");

    let mut consumer = Running::start(&name, &["consumer"]);
    assert_eq!(consumer.line(), "version 8, 8 entries");
    let pairs: Vec<String> = (0..8).map(|_| consumer.line()).collect();
    assert!(pairs.contains(&"  city = New York".to_owned()), "{pairs:?}");

    operation(&name, &["set", "city=Zürich"]).success();
    assert_eq!(consumer.line(), "version 9: city = Zürich");
    operation(&name, &["delete", "age"]).success();
    assert_eq!(consumer.line(), "version 10: age is gone");

    producer.signal(Signal::SIGTERM);
    assert_eq!(producer.line(), format!("{} is unlinked", name.as_str()));
    assert_eq!(producer.end(), Some(0));
    assert_eq!(consumer.line(), format!("{} was unlinked", name.as_str()));
    assert_eq!(consumer.end(), Some(0));
}

/// The consumer of later C programs asks for these.
#[test]
fn producer_sets_the_pairs_of_later_c_programs_when_told_to() {
    let name = TestName::new("system");
    let mut producer = Running::start(&name, &["producer", "--pairs", "system"]);
    producer.lines_up_to(READY);
    let store = Store::open(&name).expect("the producer's store");
    let value = |key| store.get_text(key).expect("the producer has set it");
    assert_eq!((value("cpu_usage"), value("memory_usage")), ("45.2".into(), "67.8".into()));
    assert_eq!((value("disk_usage"), value("network_rx")), ("23.5".into(), "1024".into()));
    assert_eq!((value("network_tx"), value("uptime")), ("2048".into(), "86400".into()));
    assert_eq!((value("process_count"), value("load_avg")), ("127".into(), "1.25".into()));
    assert_eq!(store.version(), 8);
    producer.signal(Signal::SIGINT);
    assert_eq!(producer.end(), Some(0));
}

#[rstest]
#[case(Signal::SIGINT)]
#[case(Signal::SIGTERM)]
fn signals_end_both_programs_cleanly(#[case] signal: Signal) {
    let name = TestName::new("signal");
    let mut producer = Running::start(&name, &["producer", "--set", "a=1", "b=2=3"]);
    producer.lines_up_to(READY);
    let mut consumer = Running::start(&name, &["consumer", "--json"]);
    let opened: Value = serde_json::from_str(&consumer.line()).expect("JSON");
    assert_eq!(opened["table"]["entries"][1]["value"], "2=3");

    consumer.signal(signal);
    assert_eq!(consumer.end(), Some(0));
    Store::open(&name).expect("the consumer removes nothing");

    producer.signal(signal);
    assert_eq!(producer.end(), Some(0));
    assert!(Store::open(&name).is_err(), "the producer removes what it created");
}

#[test]
fn producer_leaves_a_store_that_is_not_its_own() {
    let name = TestName::new("taken");
    let store = Store::create(&name).expect("a store");
    store.set("mine", "1").expect("room");
    let assert = operation(&name, &["producer"]).code(1);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    let name_given = name.as_str();
    let expected = format!(
        "lab-4: segment {name_given} exists already; if its producer is no longer there, \
         `lab-4 unlink --name {name_given}` removes it\n"
    );
    assert_eq!(error, expected);
    assert_eq!(Store::open(&name).expect("still there").get("mine").expect("a value"), b"1");
}

#[test]
fn consumer_without_a_producer_says_so() {
    let name = TestName::new("alone");
    let assert = operation(&name, &["consumer"]).code(1);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains(name.as_str()), "{error}");
}

#[test]
fn consumer_waits_for_a_producer_when_told_to() {
    let name = TestName::new("early");
    let mut consumer = Running::start(&name, &["consumer", "--wait", "30"]);
    let store = Store::create(&name).expect("a store");
    store.set("late", "yes").expect("room");
    let first = consumer.line();
    // It may have opened the store before or after the first pair.
    let second = consumer.line();
    assert!(first.starts_with("version "), "{first}");
    assert!(second.ends_with("late = yes"), "{second}");
}

#[test]
fn operations_work_on_a_named_store() {
    let name = TestName::new("operations");
    operation(&name, &["get", "a"]).code(1);
    operation(&name, &["set", "--create", "a=1", "b=two words"]).success();
    assert_eq!(output(&operation(&name, &["get", "b"]).success()), "two words\n");
    let listed = output(&operation(&name, &["list", "--json"]).success());
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!((&listed["version"], &listed["entry_count"]), (&json!(2), &json!(2)));
    insta::assert_snapshot!(output(&operation(&name, &["list"]).success()), @r"
    slot  key  value
       0  a    1
       1  b    two words
    version 2, 2 of 10 slots
    ");
    operation(&name, &["delete", "a"]).success();
    operation(&name, &["delete", "a"]).code(1);
    operation(&name, &["clear"]).success();
    assert_eq!(
        output(&operation(&name, &["list"]).success()),
        "slot  key  value\nversion 4, 0 of 10 slots\n"
    );
    operation(&name, &["unlink"]).success();
    operation(&name, &["list"]).code(1);
}

/// One document, however many pairs; those before one that fails are in it.
#[test]
fn set_answers_with_one_json_document() {
    let name = TestName::new("documents");
    let done = |key: &str, version: u32| json!({ "key": key, "value": "x", "version": version });
    let assert = operation(&name, &["set", "--create", "--json", "a=x"]).success();
    let document: Value = serde_json::from_str(&output(&assert)).expect("one JSON document");
    assert_eq!(document, json!({ "set": [done("a", 1)] }));

    let too_long = format!("{}=x", "k".repeat(64));
    let assert = operation(&name, &["set", "--json", "b=x", "c=x", &too_long, "d=x"]).code(1);
    let document: Value = serde_json::from_str(&output(&assert)).expect("one JSON document");
    assert_eq!(document, json!({ "set": [done("b", 2), done("c", 3)] }));
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(error, "lab-4: the key has 64 bytes; at most 63 fit\n");
}

/// A program reads what was set, whatever it is; a person's terminal is spared.
#[test]
fn get_writes_the_bytes_and_escapes_them_in_listings() {
    let name = TestName::new("bytes");
    let store = Store::create(&name).expect("a store");
    store.set("raw", b"\xff\x1b[2J").expect("room");
    store.set("tab", "Zürich\tBern").expect("room");
    let stdout = |key| operation(&name, &["get", key]).success().get_output().stdout.clone();
    assert_eq!(stdout("raw"), b"\xff\x1b[2J\n");
    assert_eq!(stdout("tab"), "Zürich\tBern\n".as_bytes());
    let listed = output(&operation(&name, &["list"]).success());
    assert!(listed.contains(r"\xff\x1b[2J") && listed.contains(r"Zürich\tBern"), "{listed}");
    let document = output(&operation(&name, &["get", "raw", "--json"]).success());
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["value"]["escaped"], "\\xff\\x1b[2J");
}

/// A process that takes the lock of the store `name`, and dies with it.
fn owner_that_died(name: &SegmentName) {
    let mut owner = Peer::start(env!("CARGO_BIN_EXE_store-peer"), &[name.as_str(), "hold"]);
    assert_eq!(owner.line(), "held");
    owner.kill();
}

fn error(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

/// Each operation says what happened and which command helps; that one does.
#[test]
fn store_of_a_dead_owner_is_recovered() {
    let name = TestName::new("recover");
    operation(&name, &["set", "--create", "a=1"]).success();
    assert_eq!(
        output(&operation(&name, &["recover"]).success()),
        "nothing to recover: the lock is free, and the table whole\n"
    );
    owner_that_died(&name);
    let remedy = format!("recover the store; `lab-4 recover --name {}` does\n", name.as_str());
    for arguments in [&["get", "a"][..], &["set", "a=2"], &["clear"], &["list"], &["delete", "a"]] {
        let told = error(&operation(&name, arguments).code(1));
        assert!(told.starts_with("lab-4: the lock was not free within "), "{told}");
        assert!(
            told.contains("(store-pe) died while it held it") && told.ends_with(&remedy),
            "{told}"
        );
    }
    let recovered = output(&operation(&name, &["recover"]).success());
    let expected =
        "(store-pe) died while it held the lock; the store is usable again, at version 2\n";
    assert!(recovered.starts_with("process ") && recovered.ends_with(expected), "{recovered}");
    assert_eq!(output(&operation(&name, &["get", "a"]).success()), "1\n");

    owner_that_died(&name);
    let document = output(&operation(&name, &["recover", "--json"]).success());
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!((&document["recovered"], &document["version"]), (&json!(true), &json!(3)));
    let document = output(&operation(&name, &["recover", "--json"]).success());
    assert_eq!(document, "{\"recovered\":false}\n");
}

/// A lock whose owner lives is left; the message says who it is.
#[test]
fn lock_of_a_living_owner_is_not_taken_away() {
    let name = TestName::new("living");
    Store::create(&name).expect("a store");
    let mut owner = Peer::start(env!("CARGO_BIN_EXE_store-peer"), &[name.as_str(), "hold"]);
    assert_eq!(owner.line(), "held");
    let told = error(&operation(&name, &["recover"]).code(1));
    assert!(told.contains("holds it, and lives") && !told.contains("lab-4 recover"), "{told}");
    assert!(owner.finish().success());
}

/// What others can write to is opened only where its owner is allowed.
#[test]
fn store_that_others_can_use_names_the_option_that_opens_it() {
    let name = TestName::new("shared");
    Store::create(&name).expect("a store").set("a", "1").expect("room");
    let file = format!("/dev/shm{}", name.as_str());
    fs::set_permissions(file, Permissions::from_mode(0o666)).expect("our own file");
    let owner = geteuid().to_string();
    let told = error(&operation(&name, &["get", "a"]).code(1));
    assert!(told.starts_with("lab-4: segment ") && told.contains("has mode 0666"), "{told}");
    assert!(told.ends_with(&format!("; `--allow-owner {owner}` does\n")), "{told}");
    let told = error(&operation(&name, &["recover"]).code(1));
    assert!(told.contains("has mode 0666"), "{told}");

    let mut consumer = Running::start(&name, &["consumer", "--allow-owner", &owner]);
    assert_eq!(consumer.line(), "version 1, 1 entries");
    operation(&name, &["set", "a=2", "--allow-owner", &owner]).success();
    assert_eq!(output(&operation(&name, &["get", "a", "--allow-owner", &owner]).success()), "2\n");
    operation(&name, &["recover", "--allow-owner", &owner]).success();
}

/// A count that is wrong keeps a store from being opened, until it is recovered.
#[test]
fn damaged_table_names_the_command_that_sets_it_right() {
    let name = TestName::new("damaged");
    let store = Store::create(&name).expect("a store");
    store.set("a", "1").expect("room");
    store.table().entry_count.store(11, Relaxed);
    let told = error(&operation(&name, &["list"]).code(1));
    let remedy = format!("; `lab-4 recover --name {}` sets it right\n", name.as_str());
    assert!(told.contains("entry_count is 11") && told.ends_with(&remedy), "{told}");
    let recovered = output(&operation(&name, &["recover"]).success());
    assert!(recovered.ends_with("entry_count was 11 and is 1\n"), "{recovered}");
    assert_eq!(output(&operation(&name, &["get", "a"]).success()), "1\n");
}

/// Schedule: the owner dies before the consumer comes, or while it follows; then
/// the store is recovered. Required: it is said once, and the consumer goes on.
#[rstest]
#[case::before_it_comes(true)]
#[case::while_it_follows(false)]
fn consumer_says_once_that_the_owner_died_and_goes_on(#[case] before: bool) {
    let name = TestName::new("owner-died");
    Store::create(&name).expect("a store").set("a", "1").expect("room");
    if before {
        owner_that_died(&name);
    }
    let mut consumer = Running::start(&name, &["consumer"]);
    if !before {
        assert_eq!(consumer.line(), "version 1, 1 entries");
        assert_eq!(consumer.line(), "  a = 1");
        owner_that_died(&name);
    }
    let told = consumer.line();
    assert!(
        told.contains("(store-pe) died while it held the lock; nothing changes until "),
        "{told}"
    );
    assert!(told.ends_with(&format!("`lab-4 recover --name {}`", name.as_str())), "{told}");
    operation(&name, &["recover"]).success();
    if before {
        assert_eq!(consumer.line(), "version 2, 1 entries");
        assert_eq!(consumer.line(), "  a = 1");
    } else {
        assert_eq!(consumer.line(), "version 2: the pairs are as before");
    }
    consumer.signal(Signal::SIGINT);
    assert_eq!(consumer.end(), Some(0));
}

/// One sentence on standard error, and what it must say.
#[rstest]
#[case(&["set", "no-equals"], 2, "expected KEY=VALUE")]
#[case(&["producer", "--pairs", "system", "--set", "a=1"], 2, "cannot be used with")]
#[case(&["set"], 2, "required")]
#[case(&["get"], 2, "required")]
#[case(&["--processes", "1"], 2, "1 is not in 2..=9")]
#[case(&["--rounds", "0"], 2, "0 is not in 1..")]
#[case(&["list", "--name", "no-slash"], 2, "no-slash")]
#[case(&["list", "--name", "/two/slashes"], 2, "/two/slashes")]
#[case(&["list", "--name", "/shmkv-e2e-there-is-none"], 1, "/shmkv-e2e-there-is-none")]
#[case(&["explore", "--scenario", "nothing"], 2, "it has set-set, set-get")]
#[case(&["explore", "--strategy", "luck"], 2, "exhaustive, random, pct, pos, surw")]
#[case(&["replay", "0*x"], 2, "expected P, P*N, P! or P~")]
#[case(&["replay", "7"], 2, "there is no process 7")]
#[case(&["replay", "0*9999"], 2, "process 0 has ended or waits")]
fn bad_input_is_told_in_one_sentence(
    #[case] arguments: &[&str],
    #[case] status: i32,
    #[case] says: &str,
) {
    let assert = lab_4(arguments).assert().code(status);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(error.contains(says), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}

#[rstest]
#[case("", "the key is empty")]
#[case(&"k".repeat(64), "the key has 64 bytes; at most 63 fit")]
fn keys_that_do_not_fit_are_refused_with_their_numbers(#[case] key: &str, #[case] says: &str) {
    let name = TestName::new("limits");
    Store::create(&name).expect("a store");
    let assert = operation(&name, &["set", &format!("{key}=x")]).code(1);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains(says));
}

#[test]
fn full_table_keeps_what_was_set_before() {
    let name = TestName::new("full");
    Store::create(&name).expect("a store");
    let pairs: Vec<String> = (0..11).map(|i| format!("key{i}=x")).collect();
    let mut arguments = vec!["set"];
    arguments.extend(pairs.iter().map(String::as_str));
    let assert = operation(&name, &arguments).code(1);
    assert_eq!(output(&assert).lines().count(), 10);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(error, "lab-4: the table is full: all 10 slots are taken\n");
}

#[test]
fn default_name_is_that_of_the_c_programs() {
    for command in ["producer", "consumer", "list"] {
        let help = output(&lab_4(&[command, "--help"]).assert().success());
        assert!(help.contains("[default: /gitflow_kv_store]"), "{help}");
    }
}

#[test]
fn exploration_with_kills_holds_and_shows_the_bounded_error() {
    let assert =
        lab_4(&["explore", "--scenario", "set-get", "--kill", "--json"]).assert().success();
    let document: Value = serde_json::from_str(&output(&assert)).expect("JSON");
    assert_eq!(document["schedule"], Value::Null);
    assert_eq!((&document["failed"], &document["complete"]), (&json!(0), &json!(true)));
    let outcomes = document["outcomes"].as_array().expect("outcomes").iter();
    let bounded = outcomes.filter_map(|row| row["outcome"].as_str());
    assert!(
        bounded.into_iter().any(|outcome| outcome.contains("the lock was not free within 5000 ms"))
    );
}

#[test]
fn story_is_told_and_holds() {
    let assert = lab_4(&["--rounds", "200"]).assert().success();
    let story = output(&assert);
    assert!(story.contains("consumer: version 8: role = admin"), "{story}");
    assert!(
        story.contains("set-set     all schedules with at most 2 preemptions, in program order"),
        "{story}"
    );
    let quiet = lab_4(&["--rounds", "200", "--quiet"]).assert().success();
    let conclusion = output(&quiet);
    assert!(
        conclusion.starts_with("The store held in 200 rounds of stress and in "),
        "{conclusion}"
    );
}

//! A state graph, made ready for a reader to walk through.
//!
//! Idea: the simulator's graph, cut down to what a figure shows: states that a
//! reader can tell apart, fields that are in use, texts once each, each step's
//! line in the listings, the invariants that hold at each end, and from each
//! state how many schedules lead on and how many of them fail.
//! Limits: where the graph has a cycle, as spinning makes, schedules cannot be
//! counted and are not.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde::Serialize;

use shmkv_harness::sim::{ProcessState, StateGraph, StateNode, state_graph};
use shmkv_harness::{End, Expected, Grade, Invariant, Scenario, Shared, Verdict};

use crate::merge::merged;
use crate::{BookError, Excerpt};

/// What a figure's script gets, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// The processes' names.
    pub processes: Vec<String>,
    /// The names of the fields that change, or that processes look at.
    pub fields: Vec<String>,
    /// How many fields neither change nor are looked at.
    pub constant: usize,
    /// The invariants' words; the first is that every process ends.
    pub invariants: Vec<String>,
    /// The lines that processes run.
    pub listings: Vec<Listing>,
    /// Texts, to which the states refer by number.
    pub texts: Vec<String>,
    /// The states; the first is the start.
    pub states: Vec<State>,
    /// A failing schedule with the fewest switches.
    pub failure: String,
    /// What to type to see a schedule again, but for the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<LabCase>,
}

impl Played {
    /// How many schedules there are, and how many of them fail; `None` where they
    /// cannot be counted.
    pub fn counts(&self) -> Option<(u128, u128)> {
        let (all, failing) = self.states.first()?.schedules.as_ref()?;
        Some((all.parse().ok()?, failing.parse().ok()?))
    }
}

/// A scenario that a lab's program can replay.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LabCase {
    /// The program.
    pub lab: &'static str,
    /// What it calls the scenario.
    pub name: &'static str,
}

impl LabCase {
    /// The line that repeats a schedule.
    pub fn command(self, schedule: &str) -> String {
        format!("cargo run --bin {} replay '{schedule}' --scenario {}", self.lab, self.name)
    }
}

/// Some lines of a source file.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The file, from the workspace's root.
    pub file: String,
    /// Each line's number and text.
    pub lines: Vec<(u32, String)>,
}

/// One state.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// The value of each field, as the number of a text.
    pub values: Vec<usize>,
    /// A letter for each process: `r`eady, `w`aiting, `e`nded.
    pub processes: String,
    /// What can be done next.
    pub steps: Vec<Step>,
    /// How many schedules lead on from here, and how many of them fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedules: Option<(String, String)>,
    /// At an end: what it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Finish>,
}

/// One step out of a state.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Who makes it.
    pub process: usize,
    /// The state that it leads to.
    pub to: usize,
    /// What it does, as the number of a text.
    pub words: usize,
    /// Listing and line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<(usize, u32)>,
    /// File and line, where no listing has it, as the number of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
}

/// What an end means.
#[derive(Clone, Debug, Serialize)]
pub struct Finish {
    /// Whether all is well.
    pub held: bool,
    /// The verdict.
    pub words: String,
    /// For each invariant whether it holds; none where the end was not judged by it.
    pub invariants: Vec<Option<bool>>,
}

/// The graph of `scenario`, with the lines of `listings` marked. The scenario is
/// used up: its invariants are looked at one by one.
///
/// # Errors
/// [`BookError::Sim`]; [`BookError::TooManyStates`] where it has more than `most`.
pub fn play<T: Shared>(
    name: &str,
    scenario: Scenario<T>,
    listings: &[Excerpt],
    failure: String,
    case: Option<LabCase>,
    most: usize,
) -> Result<Played, BookError> {
    let (scenario, invariants) = judged_one_by_one(scenario);
    let graph = state_graph(&scenario, most)
        .map_err(|source| BookError::Sim { name: name.to_owned(), source })?;
    if !graph.complete {
        return Err(BookError::TooManyStates { name: name.to_owned(), most });
    }
    let graph = merged(&graph);
    let shown = fields_in_use(&graph);
    let mut texts = Texts::default();
    let counts = schedules(&graph);
    let states = graph.states.iter().enumerate().map(|(id, node)| State {
        values: shown.iter().map(|field| texts.number(&node.values[*field])).collect(),
        processes: node.processes.iter().map(letter).collect(),
        steps: steps(node, listings, &mut texts),
        schedules: counts
            .as_ref()
            .map(|counts| (counts[id].0.to_string(), counts[id].1.to_string())),
        end: node.verdict.as_ref().map(|verdict| finish(node, verdict, invariants.len())),
    });
    let states = states.collect();
    Ok(Played {
        processes: graph.processes.clone(),
        fields: shown.iter().map(|field| graph.fields[*field].name.clone()).collect(),
        constant: graph.fields.len() - shown.len(),
        invariants: std::iter::once("every process ends".to_owned()).chain(invariants).collect(),
        listings: listings.iter().map(without_comments).collect(),
        texts: texts.texts,
        states,
        failure,
        case,
    })
}

/// A scenario whose outcome says of each invariant whether it holds, `+` or `-`,
/// with the invariants' names. Forbidden outcomes become one more invariant.
fn judged_one_by_one<T: Shared>(mut scenario: Scenario<T>) -> (Scenario<T>, Vec<String>) {
    let mut invariants = std::mem::take(&mut scenario.invariants);
    let expected = std::mem::take(&mut scenario.expected);
    let wording = std::mem::replace(&mut scenario.outcome, Box::new(|_| String::new()));
    if !expected.is_empty() {
        let check = move |end: &End<'_, T>| allowed(&expected, wording(end));
        let name = "outcome".to_owned();
        invariants.push(Invariant { name, check: Box::new(check) });
    }
    let names: Vec<String> = invariants.iter().map(|invariant| invariant.name.clone()).collect();
    let invariants = Rc::new(invariants);
    for (i, name) in names.iter().enumerate() {
        let invariants = invariants.clone();
        scenario = scenario.invariant(name, move |end| (invariants[i].check)(end));
    }
    let holds = move |end: &End<'_, T>| {
        let marks = invariants.iter().map(|invariant| match (invariant.check)(end) {
            Ok(()) => '+',
            Err(_) => '-',
        });
        marks.collect()
    };
    (scenario.outcome(holds), names)
}

/// As the harness judges an outcome where some were foreseen.
fn allowed(expected: &[Expected], outcome: String) -> Result<(), String> {
    let found = expected.iter().find(|expected| expected.outcome == outcome);
    match found {
        Some(found) if found.grade != Grade::Forbidden => Ok(()),
        Some(found) => Err(format!("{outcome}: {}", found.reason)),
        None => Err(format!("{outcome}: not foreseen")),
    }
}

/// Lines that a process can stand at: the chapter shows the comments.
fn without_comments(excerpt: &Excerpt) -> Listing {
    let lines = excerpt.lines.iter().filter(|(_, line)| !line.trim_start().starts_with("//"));
    Listing { file: excerpt.file.clone(), lines: lines.cloned().collect() }
}

/// The fields that ever change, and those that processes look at.
fn fields_in_use(graph: &StateGraph) -> Vec<usize> {
    let edges = graph.states.iter().flat_map(|state| &state.edges);
    let named: HashSet<&str> = edges.flat_map(|edge| edge.words.split(' ')).collect();
    let in_use = |field: &usize| {
        let value = &graph.states[0].values[*field];
        let changes = graph.states.iter().any(|state| state.values[*field] != *value);
        changes || named.contains(graph.fields[*field].name.as_str())
    };
    (0..graph.fields.len()).filter(in_use).collect()
}

fn letter(process: &ProcessState) -> char {
    match process {
        ProcessState::Ready => 'r',
        ProcessState::Waits => 'w',
        ProcessState::Ended => 'e',
    }
}

fn steps(node: &StateNode, listings: &[Excerpt], texts: &mut Texts) -> Vec<Step> {
    let mut steps = Vec::new();
    for edge in &node.edges {
        let line = edge.place.as_ref().and_then(|place| {
            let listing =
                listings.iter().position(|listing| listing.holds(&place.file, place.line));
            listing.map(|listing| (listing, place.line))
        });
        let place = edge.place.as_ref().filter(|_| line.is_none()).map(|place| {
            let file = place.file.rsplit('/').next().unwrap_or(&place.file);
            texts.number(&format!("{file}:{}", place.line))
        });
        let words = texts.number(&edge.words);
        steps.push(Step { process: edge.process, to: edge.to, words, line, place });
    }
    steps
}

fn finish(node: &StateNode, verdict: &Verdict, invariants: usize) -> Finish {
    let all_ended = matches!(verdict, Verdict::Held | Verdict::Violated { .. });
    let marks = node.outcome.as_deref().unwrap_or_default().chars();
    let judged = marks.map(|mark| Some(mark == '+')).filter(|_| all_ended);
    let unjudged = std::iter::repeat(None);
    Finish {
        held: verdict.held(),
        words: verdict.to_string(),
        invariants: std::iter::once(Some(all_ended))
            .chain(judged.chain(unjudged).take(invariants))
            .collect(),
    }
}

/// For each state how many schedules lead from it to an end, and how many of
/// them to one that fails; `None` where the graph has a cycle.
fn schedules(graph: &StateGraph) -> Option<Vec<(u128, u128)>> {
    let mut counts: Vec<Option<(u128, u128)>> = vec![None; graph.states.len()];
    let mut entered = vec![false; graph.states.len()];
    let mut path = vec![0];
    entered[0] = true;
    while let Some(id) = path.last().copied() {
        let node = &graph.states[id];
        let next = node.edges.iter().map(|edge| edge.to).find(|to| counts[*to].is_none());
        match next {
            Some(to) if entered[to] => return None,
            Some(to) => {
                entered[to] = true;
                path.push(to);
            }
            None => {
                let sum = |all: (u128, u128), to: usize| {
                    let (schedules, failing) = counts[to].unwrap_or_default();
                    (all.0.saturating_add(schedules), all.1.saturating_add(failing))
                };
                let failed = node.verdict.as_ref().is_some_and(|verdict| !verdict.held());
                counts[id] = Some(match &node.edges[..] {
                    [] => (1, failed.into()),
                    edges => edges.iter().map(|edge| edge.to).fold((0, 0), sum),
                });
                path.pop();
            }
        }
    }
    // What cannot be reached from the start is never shown.
    Some(counts.into_iter().map(Option::unwrap_or_default).collect())
}

/// Texts, each kept once.
#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.texts.len() - 1);
        self.texts.len() - 1
    }
}

//! The state graph: all that can be reached, and by whose step.
//!
//! Idea: for a scenario small enough, run schedules until every process has been
//! chosen in every state. What an interactive figure walks through: shared
//! fields, each process's next step with its source line, and the verdict at
//! each end.
//! Limits: without kills and without a bound on preemptions; states are merged
//! as in `machine.rs`.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::Runner;
use super::limits::MAX_FRAMES;
use super::machine::{Machine, StateHash};
use super::names::Names;
use super::order::{Execution, Order};
use super::processes::ProcessSet;
use super::record::{Choice, Step};
use super::symbols::Place;
use super::{HANG, SimError, drawing};
use crate::{Field, Scenario, Shared, Verdict};

/// One step out of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Who makes it.
    pub process: usize,
    /// The state that it leads to.
    pub to: usize,
    /// The step in words: `store version 3 → 4`.
    pub words: String,
    /// Where in the source.
    pub place: Option<Place>,
}

/// Where a process stands in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessState {
    /// It can make its next step.
    Ready,
    /// It waits for another.
    Waits,
    /// It has ended.
    Ended,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateNode {
    /// The value of each of [`StateGraph::fields`], as a person would write it.
    pub values: Vec<String>,
    /// Where each process stands.
    pub processes: Vec<ProcessState>,
    /// What can be done next; empty at an end.
    pub edges: Vec<Edge>,
    /// At an end: what it means.
    pub verdict: Option<Verdict>,
    /// At an end: the outcome in the scenario's words.
    pub outcome: Option<String>,
}

/// All states that a scenario can reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateGraph {
    /// The scenario.
    pub scenario: String,
    /// Its processes.
    pub processes: Vec<String>,
    /// The shared fields.
    pub fields: Vec<Field>,
    /// The states; the first is where all executions start.
    pub states: Vec<StateNode>,
    /// Whether these are all.
    pub complete: bool,
    /// How many schedules were run to find them.
    pub schedules: u64,
}

/// Finds all states of `scenario`, but no more than `most`.
///
/// # Errors
/// See [`SimError`].
pub fn state_graph<T: Shared>(scenario: &Scenario<T>, most: usize) -> Result<StateGraph, SimError> {
    let mut runner = Runner::new(scenario, 20_000, HANG)?;
    let names = Names::of::<T>();
    let mut builder = Builder {
        known: HashMap::new(),
        tried: HashSet::new(),
        open: vec![Vec::new()],
        names: &names,
        graph: StateGraph {
            scenario: scenario.name.clone(),
            processes: scenario.processes.iter().map(|process| process.name.clone()).collect(),
            fields: names.fields().to_vec(),
            states: Vec::new(),
            complete: true,
            schedules: 0,
        },
    };
    while let Some(prefix) = builder.open.pop() {
        if builder.graph.states.len() >= most {
            builder.graph.complete = false;
            break;
        }
        let execution = runner.run(&Order { prefix, traced: true, ..Order::default() })?;
        builder.graph.schedules += 1;
        builder.add(runner.image(), &execution);
    }
    Ok(builder.graph)
}

struct Builder<'a> {
    known: HashMap<StateHash, usize>,
    /// Choices that were made or are open: state and process.
    tried: HashSet<(usize, u8)>,
    open: Vec<Vec<Choice>>,
    names: &'a Names,
    graph: StateGraph,
}

impl Builder<'_> {
    fn add(&mut self, image: &[u8], execution: &Execution) {
        let mut machine = Machine::new(image);
        let mut choices: Vec<Choice> = Vec::new();
        let mut came_by: Option<(usize, Edge)> = None;
        for (i, step) in execution.steps.iter().enumerate() {
            if step.chosen {
                let id = self.state(&machine, step.fairness(), step.alive);
                self.connect(came_by.take(), id);
                self.open_others(id, step, &choices);
                came_by = Some((id, self.edge(step, i, execution)));
                choices.push(Choice::go(step.process));
            }
            machine.apply(step);
        }
        let waiting = machine.waiters().collect();
        let end = self.state(&machine, u64::MAX, waiting);
        self.connect(came_by, end);
        let node = &mut self.graph.states[end];
        node.verdict = Some(execution.verdict.clone());
        node.outcome = Some(execution.outcome.clone());
    }

    /// The number of a state; a new one is added.
    fn state(&mut self, machine: &Machine, fairness: u64, alive: ProcessSet) -> usize {
        let hash = machine.hash(fairness);
        if let Some(id) = self.known.get(&hash) {
            return *id;
        }
        let value = |field: &Field| {
            let bytes = &machine.memory()[field.offset..field.offset + field.size];
            self.names.value(field.offset as u32, bytes)
        };
        let stands = |process: usize| {
            if machine.waiters().any(|waiter| usize::from(waiter) == process) {
                ProcessState::Waits
            } else if alive.has(process as u8) {
                ProcessState::Ready
            } else {
                ProcessState::Ended
            }
        };
        self.graph.states.push(StateNode {
            values: self.graph.fields.iter().map(value).collect(),
            processes: (0..self.graph.processes.len()).map(stands).collect(),
            edges: Vec::new(),
            verdict: None,
            outcome: None,
        });
        let id = self.graph.states.len() - 1;
        self.known.insert(hash, id);
        id
    }

    fn edge(&self, step: &Step, index: usize, execution: &Execution) -> Edge {
        let frames = execution.frames.get(index).unwrap_or(&[0; MAX_FRAMES]);
        let row = drawing::single_row(step, index, frames, self.names, &self.graph.processes);
        Edge { process: step.process.into(), to: 0, words: row.words(), place: row.place }
    }

    fn connect(&mut self, came_by: Option<(usize, Edge)>, to: usize) {
        let Some((from, edge)) = came_by else { return };
        let edges = &mut self.graph.states[from].edges;
        if edges.iter().all(|other| other.process != edge.process) {
            edges.push(Edge { to, ..edge });
            edges.sort_by_key(|edge| edge.process);
        }
    }

    fn open_others(&mut self, id: usize, step: &Step, choices: &[Choice]) {
        self.tried.insert((id, step.process));
        for process in (step.enabled | step.sleeping).iter() {
            if self.tried.insert((id, process)) {
                let mut prefix = choices.to_vec();
                prefix.push(Choice::go(process));
                self.open.push(prefix);
            }
        }
    }
}

//! States that a reader cannot tell apart, merged.
//!
//! Idea: the simulator tells states apart by all that each process has read. A
//! reader sees the fields, and the steps that lie ahead; two states in which
//! these are the same, now and for ever after, are one to him.
//! Source: partition refinement; Kanellakis & Smolka, "CCS Expressions, Finite
//! State Processes, and Three Problems of Equivalence", PODC 1983.

use std::collections::HashMap;
use std::hash::Hash;

use shmkv_harness::sim::{Edge, Place, StateGraph};

/// `graph` with equivalent states merged. The first state stays the first.
pub fn merged(graph: &StateGraph) -> StateGraph {
    let mut classes = numbered(graph.states.iter().map(|state| {
        let verdict = state.verdict.as_ref().map(ToString::to_string);
        let stands = format!("{:?}", state.processes);
        (&state.values, stands, verdict, &state.outcome)
    }));
    loop {
        let refined = numbered(graph.states.iter().enumerate().map(|(id, state)| {
            let ahead: Vec<Ahead<'_>> =
                state.edges.iter().map(|edge| ahead(edge, &classes)).collect();
            (classes[id], ahead)
        }));
        // A refinement splits classes and never joins any.
        if count(&refined) == count(&classes) {
            return quotient(graph, &classes);
        }
        classes = refined;
    }
}

/// A step, as a reader sees it, and the class that it leads to.
type Ahead<'a> = (usize, &'a str, Option<&'a Place>, usize);

fn ahead<'a>(edge: &'a Edge, classes: &[usize]) -> Ahead<'a> {
    (edge.process, &edge.words, edge.place.as_ref(), classes[edge.to])
}

/// For each key its number; equal keys have equal ones, from 0 as they come.
fn numbered<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<usize> {
    let mut numbers = HashMap::new();
    keys.map(|key| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    })
    .collect()
}

fn count(classes: &[usize]) -> usize {
    classes.iter().max().map_or(0, |most| most + 1)
}

/// One state of each class.
fn quotient(graph: &StateGraph, classes: &[usize]) -> StateGraph {
    let mut states = Vec::new();
    for (state, class) in graph.states.iter().zip(classes) {
        if *class < states.len() {
            continue;
        }
        let mut state = state.clone();
        for edge in &mut state.edges {
            edge.to = classes[edge.to];
        }
        states.push(state);
    }
    StateGraph { states, ..graph.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmkv_harness::Verdict;
    use shmkv_harness::sim::{ProcessState, StateNode};

    fn state(value: &str, edges: &[(usize, &str, usize)]) -> StateNode {
        let edges = edges.iter().map(|(process, words, to)| Edge {
            process: *process,
            to: *to,
            words: (*words).to_owned(),
            place: None,
        });
        let edges: Vec<Edge> = edges.collect();
        StateNode {
            values: vec![value.into()],
            processes: vec![ProcessState::Ready],
            verdict: edges.is_empty().then_some(Verdict::Held),
            outcome: None,
            edges,
        }
    }

    fn graph(states: Vec<StateNode>) -> StateGraph {
        StateGraph {
            scenario: "test".into(),
            processes: vec!["p".into()],
            fields: Vec::new(),
            states,
            complete: true,
            schedules: 0,
        }
    }

    /// Two paths that look the same, and one that ends otherwise.
    #[test]
    fn states_with_the_same_future_are_one() {
        let merged = merged(&graph(vec![
            state("0", &[(0, "load", 1), (1, "load", 2)]),
            state("0", &[(0, "store", 3)]),
            state("0", &[(0, "store", 4)]),
            state("1", &[]),
            state("1", &[]),
        ]));
        let expected = graph(vec![
            state("0", &[(0, "load", 1), (1, "load", 1)]),
            state("0", &[(0, "store", 2)]),
            state("1", &[]),
        ]);
        assert_eq!(merged, expected);
    }

    #[test]
    fn states_that_differ_later_are_kept_apart() {
        let kept = graph(vec![
            state("0", &[(0, "load", 1), (1, "load", 2)]),
            state("0", &[(0, "store", 3)]),
            state("0", &[(0, "store", 4)]),
            state("1", &[]),
            state("2", &[]),
        ]);
        assert_eq!(merged(&kept), kept);
    }
}

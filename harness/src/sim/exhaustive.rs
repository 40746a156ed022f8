//! All schedules within a bound on preemptions or delays.
//!
//! Idea: an execution is a path through states. At each state that is new, each
//! process that could have gone instead is another path, to be run later; paths
//! with fewer preemptions come first, so that the first failure has the fewest. Where
//! there are many processes, paths with fewer delays do.
//! A state that was reached before with as few preemptions left over has had its
//! futures looked at, and ends the path (`machine.rs`). And a preemption before a
//! step on bytes that no other process touches in conflict is as good as one
//! after it: it is put off until such a conflict has been seen, and left out if
//! none ever is. With delays that is not done: there are few schedules anyway.
//! Source: Musuvathi & Qadeer, "Iterative Context Bounding for Systematic
//! Testing of Multithreaded Programs", PLDI 2007.
//! Limits: a process that spins goes on so many times (`Search::spin_turns`); where
//! it could go on further, the search is not complete, unless the process is in a
//! loop that only another can end. That a timed wait ends early, or that time passes
//! before a look at the clock, counts as a preemption, where it is asked for, and
//! without a bound is not tried.

use std::collections::{HashMap, VecDeque};

use super::Runner;
use super::cost::Bound;
use super::limits::{MAX_PROCESSES, NOBODY};
use super::machine::{Machine, StateHash};
use super::order::{Execution, Order};
use super::processes::ProcessSet;
use super::record::{Choice, Op, Pending, Step};
use super::report::{Nondeterminism, describe};
use super::strategy::{Reduction, Search};
use super::tally::Tally;
use super::{Schedule, SimError};
use crate::Shared;

/// What a search has covered.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    /// Whether nothing within the bound is left.
    pub complete: bool,
    /// Whether a process that polls could have gone on within the bound, and had
    /// done so as often as it may.
    pub spins_cut: bool,
    /// How many schedules there are without reduction, where it is known.
    pub without_reduction: Option<u128>,
    /// An execution that did not repeat one before it, as far as both made the
    /// same choices.
    pub nondeterminism: Option<Nondeterminism>,
}

/// A state in which there is a choice: who went last decides what a preemption is.
type Junction = (StateHash, u8);

/// A choice still to be tried: after which choices, and with which cost so far.
#[derive(Clone, Copy)]
struct Alternative {
    after: usize,
    choice: Choice,
    cost: u32,
    /// Those with the lowest are run first.
    rank: u32,
    /// Where it was made, and its own part of the cost.
    from: (Junction, u32),
}

/// One choice in the tree of all prefixes that were run.
struct Node {
    parent: usize,
    choice: Choice,
}

const ROOT: usize = usize::MAX;

/// With more processes than this, schedules with few delays come first: of those
/// without preemptions there are as many as orders of the processes.
const FEW: usize = 3;

/// What was chosen before a step: the node of the last choice, and what all cost.
#[derive(Clone, Copy)]
struct Before {
    parent: usize,
    cost: u32,
    rank: u32,
    kills: u32,
}

impl Before {
    const ROOT: Self = Self { parent: ROOT, cost: 0, rank: 0, kills: 0 };
}

struct Explorer<'s> {
    search: &'s Search,
    bound: Bound,
    /// How choices are ranked.
    ranked_by: Bound,
    /// Alternative choices, by rank.
    open: VecDeque<Vec<Alternative>>,
    tree: Vec<Node>,
    /// The least cost at which a junction was reached.
    reached: HashMap<Junction, u32>,
    /// Where each choice leads, and what it costs; for counting.
    edges: HashMap<Junction, Vec<(Junction, u32)>>,
    /// Who has touched each byte so far.
    touched: Touched,
    deferred: Vec<Deferred>,
    /// Where a prefix did not lead where it had led before.
    differs: Option<Nondeterminism>,
    /// See [`Covered`].
    spins_cut: bool,
}

/// A preemption that is deferred, with the step before which it would be.
#[derive(Clone, Copy)]
struct Deferred {
    open: Alternative,
    process: u8,
    what: Pending,
    looked: bool,
}

/// What has been seen so far that can make the order of two steps matter.
#[derive(Default)]
struct Touched {
    /// For each byte: who has read it, who has written it.
    bytes: Vec<(ProcessSet, ProcessSet)>,
    /// Whether the clock has ever moved.
    time_passes: bool,
}

impl Touched {
    fn note(&mut self, steps: &[Step]) {
        self.time_passes |=
            steps.iter().any(|step| matches!(step.what.op, Op::Sleep | Op::Timeout));
        for step in steps.iter().filter(|step| step.what.op.touches()) {
            let (from, own) = (step.what.offset as usize, ProcessSet::of(step.process));
            let end = from + usize::from(step.what.size);
            if self.bytes.len() < end {
                self.bytes.resize(end, Default::default());
            }
            for (readers, writers) in &mut self.bytes[from..end] {
                *readers |= own;
                if step.what.op.writes() {
                    *writers |= own;
                }
            }
        }
    }

    /// Whether another process has touched what `process` is about to, and one
    /// of the two writes. Steps that are no plain accesses always conflict. So does
    /// one after which its process asks for the time, if time passes.
    fn conflicts(&self, process: u8, what: &Pending, looked: bool) -> bool {
        let plain = what.op.touches() && !matches!(what.op, Op::Wait | Op::Wake | Op::Requeue);
        let (from, own) = (what.offset as usize, ProcessSet::of(process));
        let bytes = &self.bytes[from..from + usize::from(what.size)];
        let meets = |(readers, writers): &(ProcessSet, ProcessSet)| {
            let others = if what.op.writes() { *writers | *readers } else { *writers };
            !(others - own).is_empty()
        };
        !plain || looked && self.time_passes || bytes.iter().any(meets)
    }
}

/// Runs all schedules within `bound`, as far as the search's limits allow.
pub fn search<T: Shared>(
    runner: &mut Runner<'_, T>,
    bound: Bound,
    search: &Search,
    tally: &mut Tally<'_>,
) -> Result<Covered, SimError> {
    let mut explorer = Explorer {
        search,
        bound,
        ranked_by: if runner.scenario().processes.len() > FEW { Bound::Delays(0) } else { bound },
        open: VecDeque::new(),
        tree: Vec::new(),
        reached: HashMap::new(),
        edges: HashMap::new(),
        touched: Touched::default(),
        deferred: Vec::new(),
        differs: None,
        spins_cut: false,
    };
    let mut next = Some(None);
    let mut root = None;
    while let Some(open) = next {
        if tally.enough() {
            return Ok(Covered::default());
        }
        let prefix = open.map_or_else(Vec::new, |open: Alternative| explorer.prefix(&open));
        let execution = runner.run(&Order { prefix, ..Order::default() })?;
        let first = explorer.follow(runner.image(), &execution, open);
        root = root.or(first);
        tally.count(&execution);
        if explorer.differs.is_some() {
            return Ok(Covered { nondeterminism: explorer.differs, ..Covered::default() });
        }
        next = explorer.take().map(Some);
    }
    let countable = search.kills == 0 && explorer.deferred.is_empty();
    let without_reduction = if search.reduction == Reduction::None {
        Some(tally.schedules.into())
    } else {
        root.filter(|_| countable)
            .and_then(|root| super::count::schedules(&explorer.edges, root, bound.most()))
    };
    let spins_cut = explorer.spins_cut;
    let without_reduction = without_reduction.filter(|_| !spins_cut);
    Ok(Covered { complete: !spins_cut, spins_cut, without_reduction, nondeterminism: None })
}

impl Explorer<'_> {
    /// The next open choice: one of those with the lowest rank.
    fn take(&mut self) -> Option<Alternative> {
        let next = self.open.iter_mut().find_map(Vec::pop);
        if next.is_some() || self.deferred.is_empty() {
            return next;
        }
        let deferred = std::mem::take(&mut self.deferred);
        for later in deferred {
            if self.touched.conflicts(later.process, &later.what, later.looked) {
                self.push(later.open);
            } else {
                self.deferred.push(later);
            }
        }
        self.open.iter_mut().find_map(Vec::pop)
    }

    fn push(&mut self, open: Alternative) {
        let rank = open.rank as usize;
        while self.open.len() <= rank {
            self.open.push_back(Vec::new());
        }
        self.open[rank].push(open);
    }

    /// All choices up to and including an open one.
    fn prefix(&self, open: &Alternative) -> Vec<Choice> {
        let mut prefix = vec![open.choice];
        let mut node = open.after;
        while node != ROOT {
            prefix.push(self.tree[node].choice);
            node = self.tree[node].parent;
        }
        prefix.reverse();
        prefix
    }

    /// Follows an execution through its states, and opens what could have been
    /// chosen instead. Returns the junction where it started, if that was new.
    fn follow(
        &mut self,
        image: &[u8],
        execution: &Execution,
        open: Option<Alternative>,
    ) -> Option<Junction> {
        let steps = &execution.steps;
        self.touched.note(steps);
        let known = open.map_or(0, |open| self.prefix(&open).len());
        let mut machine = Machine::new(image);
        let mut before = open.map_or(Before::ROOT, |open| Before {
            parent: open.after,
            cost: open.cost,
            rank: open.rank,
            kills: 0,
        });
        let mut edge = open.map(|open| open.from);
        let mut first = None;
        let mut choices = 0;
        for (i, step) in steps.iter().enumerate() {
            if !step.chosen {
                machine.apply(step);
                continue;
            }
            let choice = step.choice();
            if choices + 1 == known
                && let Some(open) = open
                && (junction(&machine, step) != open.from.0 || choice != open.choice)
            {
                self.differs = Some(self.difference(&open, i, step));
                return first;
            }
            if choices >= known {
                let junction = junction(&machine, step);
                self.link(edge.take(), junction);
                if self.seen(junction, before.cost) {
                    return first;
                }
                first = first.or(Some(junction));
                before.kills = machine.kills();
                self.branch(steps, i, junction, before);
                let price = self.bound.price(step, choice);
                before.cost += price;
                before.rank += self.ranked_by.price(step, choice);
                edge = Some((junction, price));
            }
            if choices + 1 >= known {
                self.tree.push(Node { parent: before.parent, choice });
                before.parent = self.tree.len() - 1;
            }
            machine.apply(step);
            choices += 1;
        }
        if let Some(open) = open.filter(|_| choices < known) {
            self.differs = Some(self.ends_early(&open, steps.len()));
            return first;
        }
        // The end is a junction too: one schedule leads nowhere else.
        let end = (machine.hash(u64::MAX), NOBODY);
        self.link(edge, end);
        first
    }

    /// Step `i` of an execution was made elsewhere than when it was left open.
    fn difference(&self, open: &Alternative, i: usize, step: &Step) -> Nondeterminism {
        let (was, now) = ("made in another state".into(), describe(step));
        Nondeterminism { schedule: Schedule(self.prefix(open)), step: i + 1, was, now }
    }

    /// An execution ended before step `i`, which was left open.
    fn ends_early(&self, open: &Alternative, i: usize) -> Nondeterminism {
        let (was, now) = ("made".into(), "not reached".into());
        Nondeterminism { schedule: Schedule(self.prefix(open)), step: i + 1, was, now }
    }

    /// Whether a junction needs no second look; notes that it was reached.
    fn seen(&mut self, junction: Junction, cost: u32) -> bool {
        if self.search.reduction == Reduction::None {
            return false;
        }
        match self.reached.get(&junction) {
            Some(before) if *before <= cost => true,
            _ => {
                self.reached.insert(junction, cost);
                false
            }
        }
    }

    fn link(&mut self, edge: Option<(Junction, u32)>, to: Junction) {
        if let Some((from, price)) = edge
            && self.search.reduction != Reduction::None
            && self.search.kills == 0
        {
            let edges = self.edges.entry(from).or_default();
            if !edges.contains(&(to, price)) {
                edges.push((to, price));
            }
        }
    }

    /// Whether a choice instead of `step` preempts a process before a step that
    /// nobody else's conflicts with, as far as has been seen. One that owns robust
    /// mutexes, and may be killed before its step at any later time, is told by
    /// others from one that was killed at once.
    fn can_defer(&self, step: &Step, price: u32, kills: u32) -> bool {
        let killable = kills < self.search.kills && step.owners.has(step.process);
        self.search.reduction == Reduction::Conflicts
            && !matches!(self.bound, Bound::Delays(_))
            && price > 0
            && step.process == step.last
            && !killable
            && !self.touched.conflicts(step.process, &step.what, step.looked)
    }

    /// Who can go. Time can pass early where that is asked for and costs something,
    /// or there would be no end of it.
    fn possible(&self, step: &Step) -> ProcessSet {
        let timed = if self.passes_time() { step.timed } else { ProcessSet::EMPTY };
        step.enabled | step.sleeping | step.due | timed | (step.yielded - step.looping - step.cut)
    }

    fn passes_time(&self) -> bool {
        self.search.early_timeouts && self.bound != Bound::None
    }

    /// Opens the choices that were not made before step `i`.
    fn branch(&mut self, steps: &[Step], i: usize, from: Junction, before: Before) {
        let step = &steps[i];
        if self.passes_time() && step.looked && !step.late && step.what.op != Op::Kill {
            let late = self.open(step, Choice { late: true, ..step.choice() }, from, before);
            late.into_iter().for_each(|open| self.push(open));
        }
        let possible = self.possible(step);
        for process in (0..).take(MAX_PROCESSES) {
            let going = self.open(step, Choice::go(process), from, before);
            if let Some(open) = going.filter(|_| process != step.process) {
                self.spins_cut |= ((step.yielded & step.cut) - step.looping).has(process);
                if possible.has(process) && self.can_defer(step, open.from.1, before.kills) {
                    let (process, what, looked) = (step.process, step.what, step.looked);
                    self.deferred.push(Deferred { open, process, what, looked });
                } else if possible.has(process) {
                    self.push(open);
                }
            }
            let killable = before.kills < self.search.kills && step.alive.has(process);
            if killable
                && (self.search.reduction == Reduction::None || kill_matters(steps, i, process))
            {
                let kill = self.open(step, Choice::kill(process), from, before);
                kill.into_iter().for_each(|open| self.push(open));
            }
        }
    }

    /// A choice in place of `step`, if it is within the bound.
    fn open(
        &self,
        step: &Step,
        choice: Choice,
        from: Junction,
        before: Before,
    ) -> Option<Alternative> {
        let price = self.bound.price(step, choice);
        let (cost, rank) = (before.cost + price, before.rank + self.ranked_by.price(step, choice));
        let open = Alternative { after: before.parent, choice, cost, rank, from: (from, price) };
        (cost <= self.bound.most()).then_some(open)
    }
}

fn junction(machine: &Machine, step: &Step) -> Junction {
    (machine.hash(step.fairness()), step.last)
}

/// Whether killing `process` before step `i` can differ from killing it at the
/// state before: a kill changes nothing but the process itself, its place in
/// queues and the robust mutexes that it owns. And a kill before a load is as
/// good as one after it, if the process makes another step.
fn kill_matters(steps: &[Step], i: usize, process: u8) -> bool {
    let Some(previous) = i.checked_sub(1).map(|i| &steps[i]) else { return true };
    let moved = previous.process == process || previous.woken.has(process);
    if steps[i].owners.has(process) {
        return true;
    }
    let mut own =
        steps[i..].iter().filter(|step| step.process == process && step.what.op != Op::Kill);
    let loads = own.next().is_some_and(|next| next.what.op == Op::Load);
    // Behind its last step it has ended, and cannot be killed any more.
    let goes_on = own.next().is_some();
    moved && !(loads && goes_on)
}

//! Each kind of instruction, carried out by the simulator and by the processor.
//!
//! Idea: `setup` runs in the parent, where the shared state is open, at the same
//! address as in the simulated process. So it runs each instruction natively,
//! keeps all registers, flags and bytes that came out, and puts the memory back.
//! The body runs the same code on the same operands, one access a step, and
//! everything must come out the same, bit for bit.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Duration;

use shmkv_harness::Scenario;
use shmkv_harness::sim::{Execution, Op, Order, Runner};

use crate::instruction_cases::{Case, Registers, all_cases};
use shmkv_harness::Random;

/// Carry, parity, adjust, zero, sign, overflow, direction.
const FLAGS: u64 = 0xcd5;

/// Bytes of shared memory for one try; the operand is near the middle.
const SLOT: usize = 256;

/// Where the first slot begins: each instruction has a page of slots, the last of
/// which then has the end of a page in its middle.
const FIRST: usize = SLOT / 2;

/// The slots in which each instruction is tried, with other operands and
/// alignments; in the last one the operand lies across two pages.
const TRIED: [usize; 6] = [0, 1, 2, 3, 4, LAST];

const LAST: usize = 15;

/// The most instructions.
const CASES: usize = 320;

type State = [AtomicU8; FIRST + SLOT * (LAST + 1) * CASES];

const RSI: usize = 6;
const RDI: usize = 7;

/// What an instruction can change beside shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Private {
    registers: Registers,
    bytes: [u8; SLOT],
}

/// One try of a case: where its operand is and what the registers hold.
struct Try {
    case: Case,
    start: Vec<Private>,
}

/// Random registers, near what they point at.
fn start_of(random: &Random, state: u64, private: u64, align: usize, slot: usize) -> Private {
    let mut registers = Registers::default();
    registers.general.fill_with(|| random.draw());
    registers.flags = random.draw() & FLAGS & !0x400 | 2;
    let operand = match slot % (LAST + 1) {
        // At the start of a cache line, so that steps can be told.
        0 => 64,
        // What is longer than its alignment ends on the next page.
        LAST => SLOT / 2 - align - random.below(16) as usize / align * align,
        _ => 64 + random.below(64) as usize / align * align,
    };
    let operand = place(slot) + operand;
    registers.general[RDI] = state + operand as u64;
    registers.general[RSI] = private + 64;
    let mut bytes = [0; SLOT];
    bytes.fill_with(|| random.draw() as u8);
    Private { registers, bytes }
}

/// Where a slot begins.
fn place(slot: usize) -> usize {
    FIRST + slot * SLOT
}

/// The slots of all tries of the first `cases` instructions, in order.
fn slots(cases: usize) -> impl Iterator<Item = usize> {
    (0..cases).flat_map(|case| TRIED.map(|slot| case * (LAST + 1) + slot))
}

thread_local! {
    /// Where `rsi` points: at one address in the parent and in its children.
    static BUFFER: RefCell<[u8; SLOT]> = const { RefCell::new([0; SLOT]) };
}

fn buffer() -> *mut [u8; SLOT] {
    BUFFER.with(RefCell::as_ptr)
}

/// Runs a case on what `start` says; returns what came out.
fn run(case: &Case, start: &Private) -> Private {
    let mut registers = start.registers;
    // SAFETY: the buffer is this thread's own, and nobody else borrows it.
    unsafe { *buffer() = start.bytes };
    (case.run)(&mut registers);
    registers.flags &= FLAGS;
    registers.general[4] = 0;
    // SAFETY: as above.
    Private { registers, bytes: unsafe { *buffer() } }
}

/// What native runs came to, and the shared bytes that each left in its slot.
type Expected = Rc<RefCell<Vec<(Private, Vec<u8>)>>>;

fn scenario(tries: Rc<RefCell<Vec<Try>>>, expected: &Expected) -> Scenario<State> {
    let (native, wanted) = (Rc::clone(expected), Rc::clone(expected));
    let body_tries = Rc::clone(&tries);
    Scenario::new("instructions", move |state: &State| {
        let random = Random::new(7);
        state.iter().for_each(|byte| byte.store(random.draw() as u8, Relaxed));
        let mut tries = tries.borrow_mut();
        for slot in slots(tries.len()) {
            let each = &mut tries[slot / (LAST + 1)];
            let (address, private) = (state.as_ptr() as u64, buffer() as u64);
            let start = start_of(&random, address, private, each.case.align, slot);
            let bytes = &state[place(slot)..][..SLOT];
            let before: Vec<u8> = bytes.iter().map(|byte| byte.load(Relaxed)).collect();
            let after = run(&each.case, &start);
            let left = bytes.iter().map(|byte| byte.load(Relaxed)).collect();
            bytes.iter().zip(before).for_each(|(byte, old)| byte.store(old, Relaxed));
            native.borrow_mut().push((after, left));
            each.start.push(start);
        }
    })
    .process("simulated", move |_| {
        let (wanted, tries) = (wanted.borrow(), body_tries.borrow());
        let all = tries.iter().flat_map(|each| each.start.iter().map(|start| (&each.case, start)));
        for ((case, start), (native, _)) in all.zip(wanted.iter()) {
            let found = run(case, start);
            assert_eq!(found.registers, native.registers, "{:?}", case.text);
            assert_eq!(found.bytes, native.bytes, "{:?}: private memory", case.text);
        }
    })
}

/// `L`, `S` or `U` for each step in a slot.
fn letters(execution: &Execution, slot: usize) -> String {
    let slot = place(slot)..place(slot) + SLOT;
    let steps = execution.steps.iter().filter(|step| slot.contains(&(step.what.offset as usize)));
    let letter = |op| match op {
        Op::Load => 'L',
        Op::Store => 'S',
        _ => 'U',
    };
    steps.map(|step| letter(step.what.op)).collect()
}

/// Registers, flags, private and shared memory are those of the processor; and
/// loads, stores and locked updates are the steps that the manual says.
pub fn instructions_do_as_the_processor_does() {
    let tries: Vec<Try> =
        all_cases().into_iter().map(|case| Try { case, start: Vec::new() }).collect();
    assert!(tries.len() <= CASES, "there are {} instructions", tries.len());
    let tries = Rc::new(RefCell::new(tries));
    let expected = Expected::default();
    let left = Rc::clone(&expected);
    let names = Rc::clone(&tries);
    let scenario = scenario(Rc::clone(&tries), &expected).invariant("memory", move |end| {
        let tries = names.borrow();
        for (slot, (_, bytes)) in slots(tries.len()).zip(left.borrow().iter()) {
            let found: Vec<u8> =
                end.shared[place(slot)..][..SLOT].iter().map(|byte| byte.load(Relaxed)).collect();
            if found != *bytes {
                let text = tries[slot / (LAST + 1)].case.text;
                return Err(format!("{text:?}: {found:x?}, not {bytes:x?}"));
            }
        }
        Ok(())
    });
    let mut runner = Runner::new(&scenario, 60_000, Duration::from_secs(5)).expect("a runner");
    let execution = runner.run(&Order::default()).expect("an execution");
    assert!(execution.verdict.held(), "{}", execution.verdict);
    for (i, each) in tries.borrow().iter().enumerate().filter(|(_, each)| each.case.steps != "*") {
        let found = letters(&execution, i * (LAST + 1));
        assert_eq!(found, each.case.steps, "{:?}", each.case.text);
    }
}

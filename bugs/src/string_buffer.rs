//! String buffer: each method is atomic, and two in a row are not.
//!
//! One appends a buffer to a string of its own: it asks for the length, then for
//! so many characters. The other erases them in between, and then puts them back.
//! Source: `StringBuffer.append` of JDK 1.4 (Flanagan & Freund, "Atomizer",
//! POPL 2004); `stringbuffer-jdk1.4` in SCTBench.
//! Repaired: the lock is kept from the one question to the other.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Guard, Mutex, Start};
use super::{Form, Mean, Program, Published};

const TEXT: &[u8] = b"abc";

shared! {
    struct Buffer {
        mutex: Mutex,
        count: AtomicU32,
        characters: [AtomicU8; 16],
        start: Start,
    }
}

pub fn program() -> Program {
    Program::new("string buffer", 2, "panicked", 2, scenario).published(Published::of(
        Mean::Of(2243),
        Mean::Of(281),
        Mean::Of(23),
        Mean::Of(8),
    ))
}

fn scenario(form: Form) -> Scenario<Buffer> {
    Scenario::new("string buffer", |buffer: &Buffer| {
        buffer.mutex.init();
        append(buffer, &buffer.mutex.lock(), TEXT);
    })
    .process("main", move |buffer| {
        buffer.start.give();
        let text = copy(buffer, form);
        String::from_utf8_lossy(&text).into_owned()
    })
    .process("eraser", |buffer| {
        buffer.start.wait();
        erase(buffer, &buffer.mutex.lock());
        append(buffer, &buffer.mutex.lock(), TEXT);
    })
}

/// All characters: first how many, then which.
fn copy(buffer: &Buffer, form: Form) -> Vec<u8> {
    let guard = buffer.mutex.lock();
    let length = buffer.count.load(Relaxed);
    let guard = match form {
        Form::Buggy => {
            drop(guard);
            buffer.mutex.lock()
        }
        Form::Repaired => guard,
    };
    characters(buffer, &guard, length)
}

fn characters(buffer: &Buffer, _locked: &Guard<'_>, length: u32) -> Vec<u8> {
    let count = buffer.count.load(Relaxed);
    assert!(length <= count, "{length} characters asked for, of {count}");
    buffer.characters[..length as usize].iter().map(|c| c.load(Relaxed)).collect()
}

fn erase(buffer: &Buffer, _locked: &Guard<'_>) {
    buffer.count.store(0, Relaxed);
}

fn append(buffer: &Buffer, _locked: &Guard<'_>, text: &[u8]) {
    let count = buffer.count.load(Relaxed);
    for (to, from) in buffer.characters[count as usize..].iter().zip(text) {
        to.store(*from, Relaxed);
    }
    buffer.count.store(count + text.len() as u32, Relaxed);
}

//! Bluetooth driver: a request that enters while the driver is being stopped.
//!
//! A request looks whether the driver is stopping, then counts itself in. The
//! stop in between sees no request, and frees what the request is about to use.
//! Source: Qadeer & Wu, "KISS: Keep It Simple and Sequential", PLDI 2004, found in
//! a driver of Windows NT; `bluetooth_driver_bad` in SCTBench.
//! Repaired: a request counts itself in first, then looks, and leaves again if it
//! came too late.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start};
use super::{Form, Mean, Program, Published};

shared! {
    struct Driver {
        /// What makes a change of `pending` atomic.
        atomic: Mutex,
        /// Requests under way, and one for the driver itself.
        pending: AtomicI32,
        stopping: AtomicBool,
        /// Nothing is under way any more.
        drained: AtomicBool,
        /// What requests use has been freed.
        stopped: AtomicBool,
        start: Start,
    }
}

pub fn program() -> Program {
    Program::new("bluetooth driver", 2, "panicked", 1, scenario).published(Published::of(
        Mean::Of(215),
        Mean::Of(112),
        Mean::Of(36),
        Mean::Of(70),
    ))
}

fn scenario(form: Form) -> Scenario<Driver> {
    Scenario::new("bluetooth driver", |driver: &Driver| {
        driver.atomic.init();
        driver.pending.store(1, Relaxed);
    })
    .process("request", move |driver| {
        driver.start.give();
        if enter(driver, form) {
            assert!(!driver.stopped.load(Relaxed), "used after it was freed");
        }
        leave(driver);
    })
    .process("stop", |driver| {
        driver.start.wait();
        driver.stopping.store(true, Relaxed);
        leave(driver);
        if driver.drained.load(Relaxed) {
            driver.stopped.store(true, Relaxed);
        }
    })
}

/// Counts a request in; whether it may go on.
fn enter(driver: &Driver, form: Form) -> bool {
    match form {
        Form::Buggy => {
            let open = !driver.stopping.load(Relaxed);
            if open {
                change(driver, 1);
            }
            open
        }
        Form::Repaired => {
            change(driver, 1);
            !driver.stopping.load(Relaxed)
        }
    }
}

fn leave(driver: &Driver) {
    if change(driver, -1) == 0 {
        driver.drained.store(true, Relaxed);
    }
}

/// Changes the count, and returns the new one.
fn change(driver: &Driver, by: i32) -> i32 {
    let _guard = driver.atomic.lock();
    let pending = driver.pending.load(Relaxed) + by;
    driver.pending.store(pending, Relaxed);
    pending
}

use shmkv_harness::sim::*;
use shmkv_harness::*;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::time::Instant;
fn main() {
    let s = Scenario::new("lost", |_: &AtomicU32| {}).processes(2, "p", |_, c: &AtomicU32| {
        let v = c.load(Relaxed);
        c.store(v + 1, Relaxed);
    }).invariant("both", |e| match e.shared.load(Relaxed) { 2 => Ok(()), n => Err(format!("counter is {n}")) });
    let mut r = Runner::new(&s, 20000, 5000).unwrap();
    for sched in ["", "0,1", "0,1,1,0", "1,0"] {
        let sch: Schedule = sched.parse().unwrap();
        let e = r.run(&Order { prefix: sch.choices(), traced: true, ..Order::default() }).unwrap();
        println!("{sched}: {} {:?}", e.verdict, e.steps.iter().map(|s| (s.process, s.what.op, s.what.offset, s.what.size, s.before[0], s.after[0], s.enabled)).collect::<Vec<_>>());
    }
    let t = Instant::now();
    let n = 2000;
    for i in 0..n { r.run(&Order { seed: i, ..Order::default() }).unwrap(); }
    println!("{:?} each", t.elapsed() / n as u32);
    drop(r);
    let s = Scenario::new("ten", |_: &AtomicU32| {}).processes(2, "p", |_, c: &AtomicU32| {
        for _ in 0..5000 { let v = c.load(Relaxed); c.store(v + 1, Relaxed); }
    });
    let mut r = Runner::new(&s, 60000, 5000).unwrap();
    let t = Instant::now();
    let e = r.run(&Order::default()).unwrap();
    println!("{} steps {:?}", e.steps.len(), t.elapsed() / e.steps.len() as u32);
    let t = Instant::now();
    let e = r.run(&Order{policy: Policy::Random, ..Order::default()}).unwrap();
    println!("{} steps random {:?}", e.steps.len(), t.elapsed() / e.steps.len() as u32);
}

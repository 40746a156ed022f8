use shmkv_harness::sim::*;
use shmkv_harness::*;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::time::Instant;
fn main() {
    let s = Scenario::new("lost", |_: &AtomicU32| {}).processes(2, "p", |_, c: &AtomicU32| {
        let v = c.load(Relaxed);
        c.store(v + 1, Relaxed);
    }).invariant("both", |e| match e.shared.load(Relaxed) { 2 => Ok(()), n => Err(format!("counter is {n}")) });
    for search in [Search::exhaustive(0), Search::exhaustive(1), Search::unbounded(), Search::unbounded().without_reduction(), Search::sampling(1), Search::new(Strategy::Random{seed:1})] {
        let r = explore(&s, &search).unwrap();
        println!("{r} {:?} {:?} {}ms", r.coverage, r.verdicts, r.elapsed_ms);
        if let Some(f) = &r.failure { println!("{}\n{}{}", f.schedule, f.timeline, f.verdict); }
    }
    for n in [2, 3] {
    let s = Scenario::new("free", |_: &[AtomicU32; 4]| {}).processes(n, "p", |i, c: &[AtomicU32; 4]| {
        c[i].store(1, Relaxed); c[i].store(2, Relaxed);
    });
        println!("{}", explore(&s, &Search::unbounded().without_reduction()).unwrap());
        println!("{}", explore(&s, &Search::unbounded()).unwrap());
        println!("{}", explore(&s, &Search::exhaustive(1).without_reduction()).unwrap());
        println!("{}", explore(&s, &Search::exhaustive(1)).unwrap());
    }
    use shmkv::{KeyValue, Table};
    let s = Scenario::new("store", |t: &Table| t.init()).processes(2, "set", |i, t: &Table| {
        t.set(format!("key{i}").as_bytes(), b"value").map(|v| format!("{v:?}"))
    }).invariant("count", |e| if e.shared.entries().unwrap().entries.len() == 2 { Ok(()) } else { Err("not 2".into()) });
    let t = Instant::now();
    let r = explore(&s, &Search::exhaustive(2)).unwrap();
    println!("{r} {:?} {:?} {:?}ms {}", r.coverage, r.verdicts, t.elapsed(), r.steps);
    if let Some(f) = &r.failure { println!("{}\n{}{}", f.schedule, f.timeline, f.verdict); }
    println!("{:?}", r.outcomes);
}

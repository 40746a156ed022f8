//! What stands around the slots: gauges, the graph, the lock and who wants it,
//! what happened, and the bytes.

use maud::{Markup, html};
use shmkv::{CAPACITY, Table};

use super::Setting;
use crate::watch::{LockState, View, Waits};

/// The few numbers that say how things are.
pub fn gauges(view: &View) -> Markup {
    let count = view.table.entries.len();
    let percent = count * 100 / CAPACITY;
    html! {
        section.gauges aria-label="Gauges" {
            div.gauge {
                h2 { "Entries" }
                p.reading { span #entries { (count) } span.of { "/" (CAPACITY) } }
                div #ticks.ticks aria-hidden="true" {
                    @for slot in view.slots() { span data-on=(slot.is_some()) {} }
                }
            }
            div.gauge {
                h2 { "Capacity" }
                p.reading { span #capacity { (percent) } span.of { "%" } }
                progress #capacity-bar max="100" value=(percent) aria-hidden="true" {}
            }
            div.gauge {
                h2 { "Version" }
                p.reading { span #version { (view.table.version) } }
                p.note #rate { "counts every change" }
            }
            div.gauge {
                h2 { "Lock" }
                p.reading #lock-state data-held=(view.lock.value == 0) { (lock_word(&view.lock)) }
                p.note #lock-note { (lock_note(&view.lock)) }
            }
        }
    }
}

fn lock_word(lock: &LockState) -> &'static str {
    if lock.value == 0 { "held" } else { "free" }
}

fn lock_note(lock: &LockState) -> String {
    match (lock.waiters, lock.queued) {
        (0, 0) => "nobody waits".into(),
        (1, _) | (0, 1) => "1 waits".into(),
        (waiters, queued) => format!("{} wait", queued.max(waiters as usize)),
    }
}

/// Versions over time; drawn by the script.
pub fn graph() -> Markup {
    html! {
        section.panel aria-labelledby="graph-title" {
            div.panel-head {
                h2 #graph-title { "Versions over time" }
                p.note { "last 60 s" }
            }
            svg #graph.graph role="img" aria-label="The version over the last 60 seconds"
                viewBox="0 0 320 96" preserveAspectRatio="none" {
                path.area {}
                path.line {}
            }
            div.axis aria-hidden="true" {
                span #graph-from { "−60 s" } span #graph-rise {} span { "now" }
            }
        }
    }
}

/// The semaphore, and the processes that share it.
pub fn lock(view: &View) -> Markup {
    html! {
        section.panel aria-labelledby="processes-title" {
            div.panel-head {
                h2 #processes-title { "Processes" }
                p.note { "that have the segment mapped" }
            }
            table.processes {
                thead { tr { th scope="col" { "PID" } th scope="col" { "Program" }
                    th scope="col" { "Sleeps for" } } }
                tbody #processes {
                    @for process in view.processes.iter() {
                        tr {
                            td { (process.pid) }
                            td { (process.name) @if process.this { " (this server)" } }
                            td { (waits_word(process.waits)) }
                        }
                    }
                }
            }
            p #nobody.hint hidden[!view.processes.is_empty()] { "Nobody to be seen yet." }
        }
    }
}

fn waits_word(waits: Waits) -> &'static str {
    match waits {
        Waits::Lock => "the lock",
        Waits::Change => "a change",
        Waits::Nothing => "–",
        Waits::Unknown => "not visible",
    }
}

/// What has happened since the page is open.
pub fn activity() -> Markup {
    html! {
        section.panel aria-labelledby="activity-title" {
            div.panel-head { h2 #activity-title { "Changes" } }
            ol #activity.activity {}
            p #no-activity.hint { "None since this page was opened." }
        }
    }
}

/// The segment's memory: a map of all bytes, and a part of them in full.
pub fn bytes(view: &View, setting: &Setting<'_>) -> Markup {
    let size = size_of::<Table>();
    html! {
        section #bytes.panel aria-labelledby="bytes-title" {
            div.panel-head {
                h2 #bytes-title { "The segment's bytes" }
                ul.legend aria-hidden="true" {
                    li.of-key { "key" } li.of-value { "value" } li.of-time { "timestamp" }
                    li.of-lock { "semaphore" } li.of-count { "version, entry_count" }
                    li.of-rest { "left over behind a NUL" } li.of-new { "just changed" }
                }
            }
            p.hint {
                "All " (size) " bytes of " code { (setting.segment) }
                ", as every process that maps it sees them; copied without the lock. "
                "Choose a row to read its bytes."
            }
            div.bytes {
                div #map.map role="tablist" aria-label="Parts of the segment"
                    aria-orientation="vertical" {
                    @for index in 0..CAPACITY { (part(index, &index.to_string())) }
                    (part(CAPACITY, "sem, version, …"))
                }
                div #dump.dump role="tabpanel" tabindex="0" aria-label="Bytes" {
                    table.fields { tbody #fields {} }
                    pre #hex.hex { (first_bytes(&view.bytes)) }
                }
            }
        }
    }
}

/// A row of the map: a button with a picture of its bytes.
fn part(index: usize, label: &str) -> Markup {
    html! {
        button.part type="button" role="tab" data-part=(index) aria-selected=(index == 0)
            tabindex=(if index == 0 { "0" } else { "-1" }) {
            span.part-label { (label) }
            canvas height="22" aria-hidden="true" {}
        }
    }
}

/// The first slot in hexadecimal: what there is to see without the script.
fn first_bytes(bytes: &[u8]) -> String {
    let rows = bytes[..328].chunks(16).enumerate().map(|(row, bytes)| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:04x}  {}\n", row * 16, digits.join(" "))
    });
    rows.collect()
}

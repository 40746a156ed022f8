//! The monitor: the ten slots, and the search over them.

use maud::{Markup, html};
use shmkv::{Entry, VALUE_LIMIT};

use super::Setting;
use super::icon::icon;
use super::time::rfc3339;
use crate::watch::View;
use crate::wire::Pair;

/// The slots, free ones included.
pub fn monitor(view: &View, setting: &Setting<'_>) -> Markup {
    html! {
        section #monitor.panel aria-labelledby="monitor-title" tabindex="-1" {
            div.panel-head {
                h2 #monitor-title { "Live Memory Monitor" }
                (search())
            }
            div #found.found hidden {
                p #found-text {}
                code #found-value.value dir="auto" {}
                button #found-copy.button.quiet type="button" { (icon("copy")) "Copy" }
            }
            ol #slots.slots aria-busy=(view.problem.is_some()) {
                @for (index, entry) in view.slots().into_iter().enumerate() {
                    (slot(index, entry, setting))
                }
            }
            p #no-match.hint hidden {}
        }
    }
}

fn search() -> Markup {
    html! {
        form #search.search role="search" {
            label.unseen for="search-key" { "Find a key" }
            (icon("search"))
            input #search-key type="search" placeholder="Find a key" spellcheck="false"
                autocomplete="off" autocapitalize="off" aria-controls="slots" aria-describedby="search-hint";
            p #search-hint.unseen { "Shows the keys that begin so. Enter looks up exactly this key." }
        }
    }
}

fn slot(index: usize, entry: Option<&Entry>, setting: &Setting<'_>) -> Markup {
    let pair = entry.map(|entry| Pair::new(&entry.key, &entry.value));
    let key = pair.as_ref().map_or("", |pair| &pair.key);
    let value = pair.as_ref().map_or("", |pair| &pair.value);
    let is_bytes = pair.as_ref().is_some_and(|pair| pair.key_base64 || pair.value_base64);
    let time = entry.and_then(|entry| rfc3339(entry.timestamp));
    html! {
        li.slot data-slot=(index) data-state=(if entry.is_some() { "used" } else { "empty" }) {
            div.slot-head {
                span.index title={ "Slot " (index) } { (index) }
                h3.key dir="auto" { (key) }
                span.badge title="Not UTF-8: shown in base64" hidden[!is_bytes] { "base64" }
                time.time datetime=[time.as_ref()] { (time.as_deref().unwrap_or_default()) }
            }
            p.empty-note { "EMPTY" }
            p.value dir="auto" { (value) }
            (actions(setting))
            @if !setting.read_only { (edit(index)) }
        }
    }
}

fn actions(setting: &Setting<'_>) -> Markup {
    html! {
        div.actions {
            button.button.quiet.icon-only data-action="copy" type="button" title="Copy the value" {
                (icon("copy")) span.unseen { "Copy the value" }
            }
            @if !setting.read_only {
                button.button.quiet.icon-only data-action="edit" type="button" title="Edit" {
                    (icon("edit")) span.unseen { "Edit" }
                }
                button.button.quiet.icon-only data-action="delete" type="button" title="Delete" {
                    (icon("delete")) span.unseen { "Delete" }
                }
            }
        }
    }
}

fn edit(index: usize) -> Markup {
    let id = format!("edit-{index}");
    html! {
        form.edit hidden {
            div.field data-limit=(VALUE_LIMIT) {
                label.unseen for=(id) { "New value" }
                output.counter for=(id) { "0 / " (VALUE_LIMIT) " bytes" }
                textarea id=(id) rows="2" spellcheck="false" autocomplete="off" {}
                progress max=(VALUE_LIMIT) value="0" aria-hidden="true" {}
            }
            p.hint.why role="status" {}
            p.error role="alert" hidden {}
            div.row {
                button.button.quiet data-action="cancel" type="button" { "Cancel" }
                button.button.primary type="submit" { "Save" }
            }
        }
    }
}

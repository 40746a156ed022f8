//! The live page: the segment as a person sees it.
//!
//! Idea: the server writes out the whole page as things are; a script of ours
//! keeps it so from `/frames`. Without the script the page is true for the moment
//! at which it was loaded.
//! Limits: one segment, one page.

mod icon;
mod monitor;
mod panels;
mod time;

use maud::{DOCTYPE, Markup, html};
use shmkv::{CAPACITY, KEY_LIMIT, VALUE_LIMIT};

use crate::watch::View;
use icon::icon;

/// What the page says beside the segment's contents.
pub struct Setting<'a> {
    /// The segment's name.
    pub segment: &'a str,
    /// Whether changes are refused.
    pub read_only: bool,
}

/// The page.
pub fn page(view: &View, setting: &Setting<'_>) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head("SHM KV Store", &["/assets/base.css", "/assets/page.css"]))
            body data-read-only=(setting.read_only) data-segment=(setting.segment) {
                a.skip href="#monitor" { "Skip to the slots" }
                (top(setting))
                main {
                    (banner(view))
                    (notice(view))
                    (panels::gauges(view))
                    div.columns {
                        (monitor::monitor(view, setting))
                        div.side {
                            (panels::graph())
                            (panels::lock(view))
                            (panels::activity())
                        }
                    }
                    (panels::bytes(view, setting))
                }
                @if !setting.read_only { (dialog()) }
                p #announcer.unseen aria-live="polite" {}
                script type="module" src="/assets/main.js" {}
            }
        }
    }
    .into_string()
}

/// A page's head, with these style sheets.
pub fn head(title: &str, styles: &[&str]) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
            @for style in styles { link rel="stylesheet" href=(style); }
            // Before anything is drawn, lest the other theme flash up.
            script src="/assets/theme.js" {}
        }
    }
}

/// The button that changes the theme.
pub fn theme_button() -> Markup {
    html! {
        button #theme.button.quiet.icon-only type="button"
            aria-label="Theme: as the system" title="Theme: as the system" {
            (icon("system")) (icon("light")) (icon("dark"))
        }
    }
}

fn top(setting: &Setting<'_>) -> Markup {
    html! {
        header.top {
            div.brand {
                img src="/assets/icon.svg" alt="" width="28" height="28";
                div {
                    h1 { "SHM KV Store" }
                    p.segment title="The segment's name" { (setting.segment) }
                }
            }
            div #toasts.toasts role="status" aria-live="polite" {}
            div.tools {
                p #link.light data-state="connecting" {
                    span.dot aria-hidden="true" {}
                    span #link-text { "Connecting" }
                }
                @if setting.read_only { span.badge { "read-only" } }
                button #refresh.button.quiet.icon-only type="button"
                    aria-label="Refresh" title="Refresh" { (icon("refresh")) }
                (theme_button())
                a.button.quiet href="/docs" { "API" }
                @if !setting.read_only {
                    button #open-set.button.primary type="button" { (icon("plus")) "Set value" }
                }
            }
        }
    }
}

/// What is wrong, in words; hidden while nothing is.
fn banner(view: &View) -> Markup {
    html! {
        section #banner.banner role="alert" hidden[view.problem.is_none()] {
            (icon("warning"))
            p #banner-text { (view.problem.as_deref().unwrap_or_default()) }
            button #retry.button type="button" hidden { "Retry now" }
            button #recover.button type="button" hidden { "Recover" }
        }
    }
}

/// The last recovery, in words, until it is put away.
fn notice(view: &View) -> Markup {
    let last = view.notice.as_deref();
    html! {
        section #notice.notice role="status" hidden[last.is_none()] {
            (icon("repair"))
            p #notice-text { (last.map(|last| last.text.as_str()).unwrap_or_default()) }
            button #notice-close.button.quiet type="button" { "Close" }
        }
    }
}

fn dialog() -> Markup {
    html! {
        dialog #set-dialog aria-labelledby="set-title" {
            form #set-form method="dialog" {
                h2 #set-title { "Set value" }
                p.hint {
                    "A new key takes the lowest free of " (CAPACITY) " slots; "
                    "a known one gets the new value."
                }
                (field("set-key", "Key", KEY_LIMIT, false))
                (field("set-value", "Value", VALUE_LIMIT, true))
                p #set-why.hint role="status" {}
                p #set-error.error role="alert" hidden {}
                div.row {
                    button #set-cancel.button.quiet type="button" { "Cancel" }
                    button #set-submit.button.primary type="submit" { "Set" }
                }
            }
        }
    }
}

/// A field whose bytes are counted.
fn field(id: &str, label: &str, limit: usize, long: bool) -> Markup {
    html! {
        div.field data-limit=(limit) {
            label for=(id) { (label) }
            output.counter for=(id) { "0 / " (limit) " bytes" }
            @if long {
                textarea id=(id) rows="3" spellcheck="false" autocomplete="off" {}
            } @else {
                input id=(id) type="text" required spellcheck="false" autocomplete="off"
                    autocapitalize="off";
            }
            progress max=(limit) value="0" aria-hidden="true" {}
        }
    }
}

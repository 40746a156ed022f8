//! `/docs` and `/redoc`: the API, to try out and to read.
//!
//! Idea: one script renders `/openapi.json` in two layouts.

use axum::response::Response;
use maud::{DOCTYPE, html};

use super::assets::page;
use crate::page::{head, theme_button};

/// The description, with forms to send requests.
pub async fn docs() -> Response {
    render("docs", "API, to try out")
}

/// The description, to read from the first line to the last.
pub async fn redoc() -> Response {
    render("redoc", "API reference")
}

fn render(layout: &str, title: &str) -> Response {
    let other = if layout == "docs" { ("/redoc", "Reference") } else { ("/docs", "Try out") };
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("SHM KV Store: {title}"), &["/assets/base.css", "/assets/docs.css"]))
            body data-layout=(layout) {
                header.top {
                    div.brand {
                        img src="/assets/icon.svg" alt="" width="28" height="28";
                        div { h1 { "SHM KV Store" } p.segment { (title) } }
                    }
                    div.tools {
                        (theme_button())
                        a.button.quiet href=(other.0) { (other.1) }
                        a.button.quiet href="/openapi.json" { "openapi.json" }
                        a.button.primary href="/" { "Live page" }
                    }
                }
                div.frame {
                    nav #contents aria-label="Requests" {}
                    main #api aria-busy="true" { p.hint { "Reading the description …" } }
                }
                noscript { p.hint { "This page needs its script; the description itself is at /openapi.json." } }
                script type="module" src="/assets/docs.js" {}
            }
        }
    };
    page(html.into_string())
}

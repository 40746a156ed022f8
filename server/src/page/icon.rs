//! The page's icons: strokes on a grid of 16.

use maud::{Markup, html};

/// The icon called `name`, drawn in the colour of the text beside it.
///
/// # Panics
/// When there is none of that name.
pub fn icon(name: &str) -> Markup {
    let strokes = match name {
        "copy" => "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
        "dark" => "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
        "delete" => "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9M6.8 7v4M9.2 7v4",
        "edit" => "M3 13l.5-3 7-7 2.5 2.5-7 7zM9 4.5l2.5 2.5",
        "light" => {
            "M8 5.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 1 1 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 \
             8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9"
        }
        "plus" => "M8 3v10M3 8h10",
        "repair" => {
            "M13.2 4.2a3.4 3.4 0 0 1-4.6 4.1l-4.4 4.5-1.9-1.9 4.5-4.4a3.4 3.4 0 0 1 4.1-4.6l-2 2 2.3 2.3z"
        }
        "refresh" => "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.8h-2.8",
        "search" => "M7 2.8a4.2 4.2 0 1 1 0 8.4a4.2 4.2 0 1 1 0-8.4M10.2 10.2l3.3 3.3",
        "system" => "M2.5 3h11v7.5h-11zM5.5 13.5h5M8 10.5v3",
        "warning" => "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.2",
        _ => unreachable!("no icon is called {name}"),
    };
    html! {
        svg.icon data-icon=(name) viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"
            fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round"
            stroke-linejoin="round" { path d=(strokes) {} }
    }
}

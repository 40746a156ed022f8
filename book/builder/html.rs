//! The HTML of code, output and figures.
//!
//! Idea: each is one block of Markdown that stays whole: raw HTML without empty
//! lines, or a fenced block.
//! Limits: the look is in `figures/figures.css`, the moves in `figures/scheduler.js`.

use serde_json::to_string;

use shmkv_harness::sim::{Replay, escape};

use crate::Excerpt;
use crate::scheduler::{LabCase, Played};

/// A listing, with the place that it is from.
pub fn code(excerpt: &Excerpt) -> String {
    let language = match excerpt.file.rsplit('.').next() {
        Some("rs") => "rust",
        Some("c" | "h") => "c",
        Some("py") => "python",
        Some("toml") => "toml",
        Some("yml") => "yaml",
        _ => "text",
    };
    let (first, last) = match &excerpt.lines[..] {
        [first, .., last] => (first.0, last.0),
        [only] => (only.0, only.0),
        [] => (0, 0),
    };
    let lines =
        if first == last { format!("line {first}") } else { format!("lines {first}–{last}") };
    let (file, text) = (&excerpt.file, excerpt.text());
    format!("```{language}\n{text}```\n\n<p class=\"from\">{file}, {lines}</p>\n")
}

/// What a program printed.
pub fn output(text: &str) -> String {
    format!("```text\n{text}```\n")
}

/// An execution as a picture, with its schedule and the line that repeats it.
pub fn timeline(replay: &Replay, case: Option<LabCase>) -> String {
    let picture = picture(replay);
    let caption = caption(replay, case);
    format!(
        "<figure class=\"timeline\">\n{picture}\n<figcaption>{caption}</figcaption>\n</figure>\n"
    )
}

/// An execution in one sentence.
pub fn schedule(replay: &Replay, case: Option<LabCase>) -> String {
    format!("<p>{}</p>\n", caption(replay, case))
}

/// A figure that the reader plays; where there is no script, and on paper, it is
/// the failing execution.
pub fn scheduler(name: &str, played: &Played, failure: &Replay) -> String {
    let data = to_string(played).expect("numbers and texts are JSON");
    // `<` could end the script element.
    let data = data.replace('<', "\\u003c");
    let (name, picture) = (escape(name), picture(failure));
    let caption = caption(failure, played.case);
    format!(
        "<figure class=\"scheduler\" data-figure=\"{name}\">\n\
         <script type=\"application/json\">{data}</script>\n\
         <div class=\"unplayed\">\n{picture}\n<p>{caption}</p>\n</div>\n\
         </figure>\n"
    )
}

/// Said in place of a figure where the simulator cannot run.
pub fn unsupported(why: &str) -> String {
    let why = escape(why);
    format!("<p class=\"unsupported\">A figure belongs here, and was not made: {why}.</p>\n")
}

/// The smallest size at which a picture can be read, as a share of its own.
const SMALLEST: f32 = 0.8;

/// The picture, which may be made smaller where it does not fit, or be scrolled.
fn picture(replay: &Replay) -> String {
    let svg = replay.timeline.to_svg().replace('\n', "");
    let width = svg.split(" width=\"").nth(1).and_then(|rest| rest.split('"').next());
    let least =
        width.and_then(|width| width.parse().ok()).map_or(0.0, |width: f32| width * SMALLEST);
    format!(
        "<div class=\"picture\" style=\"--least: {least:.0}px\" tabindex=\"0\" role=\"group\" \
         aria-label=\"timeline\">{svg}</div>"
    )
}

fn caption(replay: &Replay, case: Option<LabCase>) -> String {
    let schedule = replay.schedule.to_string();
    if schedule.is_empty() {
        return format!("No switch is needed: {}.", escape(&replay.verdict.to_string()));
    }
    let verdict = escape(&replay.verdict.to_string());
    let again = case.map_or_else(String::new, |case| {
        format!(" Again: <code>{}</code>", escape(&case.command(&schedule)))
    });
    format!("Schedule <code>{}</code>: {verdict}.{again}", escape(&schedule))
}

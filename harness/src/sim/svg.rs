//! The timeline as a picture: one lane a process, time going down.
//!
//! Idea: plain SVG with its own style sheet, which follows the viewer's light or
//! dark setting; text stays text, so that it can be searched, copied and read
//! aloud.

use std::fmt::Write;

use super::timeline::{Row, Timeline, short};

/// Sizes in pixels.
const ROW: usize = 26;
const HEAD: usize = 44;

const MARGIN: usize = 16;
const GAP: usize = 14;
const NUMBERS: usize = 34;

/// How wide that many characters are.
fn text_width(characters: usize) -> usize {
    (characters * 73).div_ceil(10)
}

const STYLE: &str = "\
.tl{--ink:#1f2328;--faint:#8b949e;--line:#d0d7de;--read:#eef2f6;--write:#dbeafe;--wait:#fef3c7;\
--dead:#fee2e2;--good:#dcfce7;font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\
@media(prefers-color-scheme:dark){.tl{--ink:#e6edf3;--faint:#8b949e;--line:#3d444d;\
--read:#212830;--write:#12315c;--wait:#4a3706;--dead:#5c1a1a;--good:#113d22}}\
.tl text{fill:var(--ink)}.tl .faint{fill:var(--faint)}.tl .name{font-weight:600}\
.tl line,.tl path{stroke:var(--line);fill:none}.tl rect{stroke:var(--line)}\
.tl .read{fill:var(--read)}.tl .write{fill:var(--write)}.tl .wait{fill:var(--wait)}\
.tl .dead{fill:var(--dead)}.tl .good{fill:var(--good)}";

/// Where things are.
struct Plan {
    /// Left edge and width of each lane.
    lanes: Vec<(usize, usize)>,
    source: usize,
    width: usize,
    height: usize,
}

/// Draws a timeline.
pub fn draw(timeline: &Timeline) -> String {
    let plan = plan(timeline);
    let mut svg = String::new();
    let (width, height) = (plan.width, plan.height);
    let title = escape(&format!("{}: {}", timeline.processes.join(", "), timeline.verdict));
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg class=\"tl\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><style>{STYLE}</style>"
    );
    lanes(&mut svg, timeline, &plan);
    for (i, row) in timeline.rows.iter().enumerate() {
        let y = HEAD + i * ROW;
        switch(&mut svg, timeline, &plan, i, y);
        draw_row(&mut svg, row, &plan, y);
    }
    verdict(&mut svg, timeline, &plan);
    svg.push_str("</svg>\n");
    svg
}

fn plan(timeline: &Timeline) -> Plan {
    let mut left = MARGIN + NUMBERS;
    let mut lanes = Vec::new();
    for (process, name) in timeline.processes.iter().enumerate() {
        let rows = timeline.rows.iter().filter(|row| row.process == process);
        let longest = rows.map(|row| row.words().chars().count()).max().unwrap_or(0);
        let width = text_width(longest.max(name.chars().count())) + 2 * GAP;
        lanes.push((left, width));
        left += width + GAP;
    }
    let places = timeline.rows.iter().filter_map(|row| row.place.as_ref());
    let longest = places.map(|place| short(place).chars().count()).max().unwrap_or(0);
    let banner = text_width(timeline.verdict.to_string().chars().count()) + 2 * GAP + 2 * MARGIN;
    let width = (left + text_width(longest) + MARGIN).max(banner);
    let height = HEAD + timeline.rows.len() * ROW + ROW + 2 * MARGIN;
    Plan { lanes, source: left, width, height }
}

fn lanes(svg: &mut String, timeline: &Timeline, plan: &Plan) {
    let bottom = HEAD + timeline.rows.len() * ROW + 4;
    for (name, (left, width)) in timeline.processes.iter().zip(&plan.lanes) {
        let middle = left + width / 2;
        let name = escape(name);
        let _ = write!(
            svg,
            "<text class=\"name\" x=\"{middle}\" y=\"26\" text-anchor=\"middle\">{name}</text>\
             <line x1=\"{middle}\" y1=\"34\" x2=\"{middle}\" y2=\"{bottom}\"/>"
        );
    }
}

/// The line along which the turn passes to another process.
fn switch(svg: &mut String, timeline: &Timeline, plan: &Plan, i: usize, y: usize) {
    let Some(before) = i.checked_sub(1).map(|i| timeline.rows[i].process) else { return };
    let now = timeline.rows[i].process;
    if before == now {
        return;
    }
    let middle = |process: usize| plan.lanes[process].0 + plan.lanes[process].1 / 2;
    let (from, to, above) = (middle(before), middle(now), y.saturating_sub(2));
    let _ = write!(svg, "<path stroke-dasharray=\"3 3\" d=\"M{from} {above}H{to}\"/>");
}

fn draw_row(svg: &mut String, row: &Row, plan: &Plan, y: usize) {
    let (left, width) = plan.lanes[row.process];
    let class = match row.op {
        "load" => "read",
        "wait" | "wake" | "requeue" | "sleep" | "yield" | "timeout" => "wait",
        "killed" | "owner-died" | "broken-list" => "dead",
        _ => "write",
    };
    let (number, words) = (row.step, escape(&row.words()));
    let (text_x, text_y, rect_y, rect_h) = (left + GAP, y + 16, y + 2, ROW - 6);
    let number_x = MARGIN + NUMBERS - 10;
    let _ = write!(
        svg,
        "<text class=\"faint\" x=\"{number_x}\" y=\"{text_y}\" text-anchor=\"end\">{number}</text>\
         <rect class=\"{class}\" x=\"{left}\" y=\"{rect_y}\" width=\"{width}\" height=\"{rect_h}\" rx=\"4\"/>\
         <text x=\"{text_x}\" y=\"{text_y}\">{words}</text>"
    );
    if let Some(place) = &row.place {
        let (x, place) = (plan.source, escape(&short(place)));
        let _ = write!(svg, "<text class=\"faint\" x=\"{x}\" y=\"{text_y}\">{place}</text>");
    }
}

fn verdict(svg: &mut String, timeline: &Timeline, plan: &Plan) {
    let y = HEAD + timeline.rows.len() * ROW + 10;
    let class = if timeline.verdict.held() { "good" } else { "dead" };
    let (width, words) = (plan.width - 2 * MARGIN, escape(&timeline.verdict.to_string()));
    let (text_x, text_y) = (MARGIN + GAP, y + 17);
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{MARGIN}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" rx=\"4\"/>\
         <text x=\"{text_x}\" y=\"{text_y}\">{words}</text>"
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

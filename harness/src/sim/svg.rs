//! The timeline as a picture: one lane a process, time going down.
//!
//! Idea: colours are attributes, which every renderer knows, on paper of their own;
//! a style sheet has those of dark paper, for viewers that follow the reader's
//! setting. Text stays text, so that it can be searched, copied and read aloud.

use std::fmt::Write;

use super::columns::short;
use super::timeline::{Row, Timeline};

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

/// What is filled with which colour: a class, its colour on light paper, and on dark.
const FILLS: [(&str, &str, &str); 8] = [
    ("paper", "#ffffff", "#0d1117"),
    ("ink", "#1f2328", "#e6edf3"),
    ("faint", "#57606a", "#a5b1bd"),
    ("read", "#eef2f6", "#212830"),
    ("write", "#dbeafe", "#12315c"),
    ("wait", "#fef3c7", "#4a3706"),
    ("dead", "#fee2e2", "#5c1a1a"),
    ("good", "#dcfce7", "#113d22"),
];

/// The colour of lines on light paper, and on dark.
const LINES: (&str, &str) = ("#c5ccd3", "#444c56");

const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

/// The attributes of an element that is filled as `class` says.
fn filled(class: &str) -> String {
    let known = FILLS.iter().find(|(name, ..)| *name == class);
    let light = known.map_or("none", |(_, light, _)| light);
    format!("class=\"{class}\" fill=\"{light}\"")
}

/// The attributes of a line.
fn lined() -> String {
    format!("fill=\"none\" stroke=\"{}\"", LINES.0)
}

/// The same colours on dark paper, for viewers that know which one is wanted.
fn dark_style() -> String {
    let fills = FILLS.iter().map(|(class, _, dark)| format!(".tl .{class}{{fill:{dark}}}"));
    let (fills, line) = (fills.collect::<String>(), LINES.1);
    format!(
        "<style>@media(prefers-color-scheme:dark){{{fills}\
         .tl :is(line,path,rect:not(.paper)){{stroke:{line}}}}}</style>"
    )
}

/// Where things are.
struct Plan {
    /// Left edge and width of each lane.
    lanes: Vec<(usize, usize)>,
    source: usize,
    width: usize,
    height: usize,
}

impl Timeline {
    /// The timeline as a self-contained SVG, for books and slides.
    pub fn to_svg(&self) -> String {
        draw(self)
    }
}

fn draw(timeline: &Timeline) -> String {
    let plan = plan(timeline);
    let mut svg = String::new();
    let (width, height) = (plan.width, plan.height);
    let (paper, dark) = (filled("paper"), dark_style());
    let title = escape(&format!("{}: {}", timeline.processes.join(", "), timeline.verdict));
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg class=\"tl\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\" \
         font-family=\"{FONT}\" font-size=\"12\">\
         <title>{title}</title><rect {paper} width=\"{width}\" height=\"{height}\"/>{dark}"
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
    let (ink, line) = (filled("ink"), lined());
    for (name, (left, width)) in timeline.processes.iter().zip(&plan.lanes) {
        let middle = left + width / 2;
        let name = escape(name);
        let _ = write!(
            svg,
            "<text {ink} font-weight=\"600\" x=\"{middle}\" y=\"26\" text-anchor=\"middle\">{name}</text>\
             <line {line} x1=\"{middle}\" y1=\"34\" x2=\"{middle}\" y2=\"{bottom}\"/>"
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
    let line = lined();
    let _ = write!(svg, "<path {line} stroke-dasharray=\"3 3\" d=\"M{from} {above}H{to}\"/>");
}

fn draw_row(svg: &mut String, row: &Row, plan: &Plan, y: usize) {
    let (left, width) = plan.lanes[row.process];
    let class = match row.op {
        "load" => "read",
        "wait" | "wake" | "requeue" | "sleep" | "yield" | "timeout" => "wait",
        "killed" | "owner-died" | "broken-list" => "dead",
        _ => "write",
    };
    let (ink, faint, fill, line) = (filled("ink"), filled("faint"), filled(class), LINES.0);
    let (number, words) = (row.step, escape(&row.words()));
    let (text_x, text_y, rect_y, rect_h) = (left + GAP, y + 16, y + 2, ROW - 6);
    let number_x = MARGIN + NUMBERS - 10;
    let _ = write!(
        svg,
        "<text {faint} x=\"{number_x}\" y=\"{text_y}\" text-anchor=\"end\">{number}</text>\
         <rect {fill} stroke=\"{line}\" x=\"{left}\" y=\"{rect_y}\" width=\"{width}\" height=\"{rect_h}\" rx=\"4\"/>\
         <text {ink} x=\"{text_x}\" y=\"{text_y}\">{words}</text>"
    );
    if let Some(place) = &row.place {
        let (x, place) = (plan.source, escape(&short(place)));
        let _ = write!(svg, "<text {faint} x=\"{x}\" y=\"{text_y}\">{place}</text>");
    }
}

fn verdict(svg: &mut String, timeline: &Timeline, plan: &Plan) {
    let y = HEAD + timeline.rows.len() * ROW + 10;
    let class = if timeline.verdict.held() { "good" } else { "dead" };
    let (width, words) = (plan.width - 2 * MARGIN, escape(&timeline.verdict.to_string()));
    let (text_x, text_y) = (MARGIN + GAP, y + 17);
    let (ink, fill, line) = (filled("ink"), filled(class), LINES.0);
    let _ = write!(
        svg,
        "<rect {fill} stroke=\"{line}\" x=\"{MARGIN}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" rx=\"4\"/>\
         <text {ink} x=\"{text_x}\" y=\"{text_y}\">{words}</text>"
    );
}

/// `text` as it may stand in an element of HTML or XML, or between quotation marks.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    fn row(step: usize, process: usize, op: &'static str) -> Row {
        Row {
            step,
            steps: 1,
            repeats: 1,
            round: 1,
            place_in_round: 1,
            in_turns: false,
            process,
            op,
            field: Some("visits".into()),
            before: None,
            after: Some("0".into()),
            later: None,
            note: None,
            place: None,
        }
    }

    /// Renderers without style sheets, such as librsvg's, fill what names no colour with
    /// black, and a picture without paper is unreadable on that of another colour.
    #[test]
    fn every_element_names_its_colour_and_all_lie_on_paper() {
        let timeline = Timeline {
            processes: vec!["a".into(), "b".into()],
            rows: vec![
                row(1, 0, "load"),
                row(2, 1, "store"),
                row(3, 0, "wait"),
                row(4, 0, "killed"),
            ],
            outcome: String::new(),
            verdict: Verdict::Held,
        };
        let svg = draw(&timeline);
        assert!(!svg.contains("var("), "{svg}");
        for tag in ["<rect ", "<text ", "<line ", "<path "] {
            let elements: Vec<&str> = svg.split(tag).skip(1).collect();
            assert!(!elements.is_empty(), "{tag}");
            for element in elements {
                let attributes = element.split('>').next().unwrap_or_default();
                assert!(attributes.contains("fill=\""), "{tag}{attributes}");
            }
        }
        let (before, _) = svg.split_once("<text ").expect("text");
        assert!(before.contains("<rect class=\"paper\" fill=\"#ffffff\" width="), "{before}");
    }

    /// Each class has a colour, on dark paper too.
    #[test]
    fn classes_have_colours_on_light_and_dark_paper() {
        let style = dark_style();
        for (class, light, dark) in FILLS {
            assert_eq!(filled(class), format!("class=\"{class}\" fill=\"{light}\""));
            assert!(style.contains(&format!(".{class}{{fill:{dark}}}")), "{style}");
        }
    }
}

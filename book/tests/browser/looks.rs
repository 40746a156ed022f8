//! Colours that can be told apart, on screens of all sizes and on paper.

use serde_json::json;
use shmkv_tests::Browser;

use crate::site::Site;

/// Texts of the page whose contrast with what is behind them is below the least
/// that WCAG 2.1 allows: 4.5, or 3 where they are large.
const FAINT: &str = r"
    const channels = (colour) => {
        const numbers = colour.match(/[\d.]+/g).map(Number);
        const scale = colour.startsWith('color(') ? 1 : 255;
        return [...numbers.slice(0, 3).map((n) => n / scale), numbers[3] ?? 1];
    };
    const over = (front, back) => front.slice(0, 3)
        .map((n, i) => n * front[3] + back[i] * (1 - front[3])).concat(1);
    const luminance = (colour) => {
        const [r, g, b] = colour.map((n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => {
        const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + 0.05) / (dark + 0.05);
    };
    const behind = (element) => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
            layers.push(channels(getComputedStyle(e).backgroundColor));
            if (layers.at(-1)[3] === 1) break;
        }
        return layers.reverse().reduce((back, front) => over(front, back), [1, 1, 1, 1]);
    };
    const faint = new Map();
    const note = (element, front, back, least) => {
        const found = contrast(over(channels(front), back), back);
        if (found < least) faint.set(`${element.tagName} .${element.getAttribute('class')} ${front}`,
            `${element.textContent.trim().slice(0, 30)}: ${found.toFixed(2)}`);
    };
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const style = getComputedStyle(element);
        const hidden = element.closest('script, style, title, .said, .undone') || !element.checkVisibility();
        if (hidden || !walker.currentNode.data.trim() || element.closest('svg')) continue;
        const large = parseFloat(style.fontSize) >= 24
            || parseFloat(style.fontSize) >= 18.6 && Number(style.fontWeight) >= 700;
        note(element, style.color, behind(element), large ? 3 : 4.5);
    }
    for (const text of document.querySelectorAll('main svg.tl text')) {
        if (!text.checkVisibility()) continue;
        const box = text.previousElementSibling;
        const boxed = box?.tagName === 'rect' && !text.classList.contains('faint');
        const back = boxed ? channels(getComputedStyle(box).fill) : behind(text.closest('div'));
        note(text, getComputedStyle(text).fill, back, 4.5);
    }
    return [...faint].map(([what, words]) => `${what} ${words}`);
";

pub fn every_theme_is_readable(site: &Site, browser: &Browser) {
    browser.open(&site.page("why.html"));
    let mut faint = Vec::new();
    for theme in ["default_theme", "navy", "coal", "ayu", "light", "rust"] {
        browser.run(&format!("localStorage.setItem('mdbook-theme', '{theme}')"));
        if theme == "default_theme" {
            browser.run("localStorage.removeItem('mdbook-theme')");
            browser.emulate("screen", "dark");
        } else {
            // A theme is the reader's choice, whatever the system prefers.
            browser.emulate("screen", if theme == "light" { "dark" } else { "light" });
        }
        for page in Site::pages() {
            browser.open(&site.page(&page));
            let class = browser.run("return document.documentElement.className");
            let wanted = if theme == "default_theme" { "navy" } else { theme };
            assert!(class.as_str().is_some_and(|class| class.contains(wanted)), "{class}");
            let found = browser.run(FAINT);
            let found = found.as_array().expect("a list");
            faint.extend(found.iter().map(|text| format!("{page} in {theme}: {text}")));
        }
    }
    assert!(faint.is_empty(), "{}", faint.join("\n"));
}

pub fn every_page_fits_a_phone(site: &Site, browser: &Browser) {
    browser.resize(360, 740);
    for page in Site::pages() {
        browser.open(&site.page(&page));
        let width = browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, json!(360), "{page}");
        let cut = browser.run(
            "return [...document.querySelectorAll('.play button, .play input')]
                .filter((element) => element.getBoundingClientRect().right > 360)
                .map((element) => element.outerHTML)",
        );
        assert_eq!(cut, json!([]), "{page}");
        let small = browser.run(
            "return [...document.querySelectorAll('.play button')]
                .map((element) => element.getBoundingClientRect())
                .filter((box) => Math.min(box.width, box.height) < 32).length",
        );
        assert_eq!(small, json!(0), "{page}: buttons that a finger would miss");
    }
}

pub fn what_a_desktop_shows_is_not_cut_off(site: &Site, browser: &Browser) {
    browser.resize(1400, 900);
    for page in Site::pages() {
        browser.open(&site.page(&page));
        let cut = browser.run(
            "return [...document.querySelectorAll('main pre > code, main .table-wrapper')]
                .filter((element) => element.scrollWidth > element.clientWidth + 1)
                .map((element) => element.textContent.slice(0, 60))",
        );
        assert_eq!(cut, json!([]), "{page}");
    }
}

pub fn printed_figures_are_timelines(site: &Site, browser: &Browser) {
    browser.open(&site.page("print.html"));
    browser.emulate("print", "dark");
    let shown = browser.run(
        "return [...document.querySelectorAll('figure.scheduler')].map((figure) =>
            [figure.querySelector('.play').checkVisibility(),
             figure.querySelector('.unplayed svg').checkVisibility()])",
    );
    let figures = shown.as_array().expect("a list");
    assert!(!figures.is_empty());
    assert!(figures.iter().all(|figure| *figure == json!([false, true])), "{shown}");
}

//! How the page looks: light, dark, narrow; and what it is called.

use serde_json::json;
use shmkv::KeyValue;

use crate::page::Page;

/// Texts whose contrast with what is behind them is less than WCAG 2.1 allows:
/// 4.5, or 3 where they are large.
const FAINT: &str = r"
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const over = (colours) => {
        canvas.fillStyle = '#fff';
        canvas.fillRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (rgb) => rgb
        .map((n) => n / 255).map((n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4)
        .reduce((sum, n, i) => sum + n * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) layers.unshift(getComputedStyle(e).backgroundColor);
        return layers;
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest('.unseen, .skip, script, :disabled, .of-zero')) continue;
        if (!element.checkVisibility({ visibilityProperty: true })) continue;
        const style = getComputedStyle(element);
        const layers = behind(element);
        const [dark, light] = [luminance(over(layers)), luminance(over([...layers, style.color]))].sort((a, b) => a - b);
        const contrast = (light + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (contrast < (large ? 3 : 4.5)) {
            faint.push(`${element.tagName}.${element.className} ${walker.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
        }
    }
    return faint;
";

fn fill(page: &Page) {
    let store = page.store();
    store.set("city", "Oslo").unwrap();
    store.set("note", "x".repeat(255)).unwrap();
    store.set("note", "shorter").unwrap();
    store.set("k".repeat(63), "v").unwrap();
    store.set(b"\xff", b"\xfe").unwrap();
    page.shows(3, "/w==", "/g==");
    page.browser.click("[data-part='1']");
}

pub fn themes() {
    let page = Page::open("themes");
    fill(&page);
    let background = "return getComputedStyle(document.body).backgroundColor";
    page.browser.emulate("screen", "light");
    let light = page.browser.run(background);
    page.browser.emulate("screen", "dark");
    let dark = page.browser.run(background);
    assert_ne!(light, dark, "the system's setting is followed");

    for (path, scheme) in
        [("/", "light"), ("/", "dark"), ("/docs", "light"), ("/docs", "dark"), ("/redoc", "dark")]
    {
        page.browser.emulate("screen", scheme);
        page.browser.open(&format!("{}{path}", page.server.url()));
        page.browser
            .wait_for("return document.querySelector('.operation, #link[data-state=live]')");
        // Whatever fades in or flashes has come to rest.
        page.browser
            .wait_for("return document.getAnimations().every((a) => a.playState !== 'running')");
        assert_eq!(page.browser.run(FAINT), json!([]), "{path} {scheme}");
    }

    // What is chosen here is kept, whatever the system's setting.
    page.browser.emulate("screen", "dark");
    page.browser.open(&page.server.url());
    page.browser.click("#theme");
    assert_eq!(page.browser.run(background), light);
    page.browser.open(&page.server.url());
    assert_eq!(page.browser.run(background), light);
    page.browser.click("#theme");
    page.browser.emulate("screen", "light");
    assert_eq!(page.browser.run(background), dark);
    page.browser.click("#theme");
    assert_eq!(page.browser.run(background), light, "as the system again");
}

/// A key or a value that runs from right to left, or turns the text around it, does
/// so within itself: what stands beside it keeps its place.
pub fn right_to_left() {
    let page = Page::open("bidi");
    let store = page.store();
    let (key, value) = ("מפתח", "ערך\u{202e}");
    store.set("first", "1").unwrap();
    page.shows(0, "first", "1");
    store.set(key, value).unwrap();
    page.shows(1, key, value);
    page.tells("activity", value);
    let ordered = "const [key, sign, value] = document.querySelector('#activity .what').children;
        const left = (found) => found.getBoundingClientRect().left;
        return left(key) < left(sign) && left(sign) < left(value)";
    assert_eq!(page.browser.run(ordered), true);
    page.act(1, "delete");
    page.tells("toasts", "Deleted “מפתח”.");
    let isolated = r"
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const bare = [];
        while (walker.nextNode()) {
            const text = walker.currentNode;
            if (!/[\u0590-\u05ff\u202e]/.test(text.data)) continue;
            if (text.parentElement.closest('script, .hex, .unseen')) continue;
            const holder = text.parentElement.closest('bdi, [dir=auto]');
            if (!holder || holder.textContent !== text.data) bare.push(text.parentElement.outerHTML);
        }
        return bare";
    assert_eq!(page.browser.run(isolated), json!([]));
}

/// On a desktop: changes show whole, messages cover nothing of the page, and the
/// column beside the slots is filled.
pub fn places() {
    let page = Page::open("places");
    page.browser.resize(1280, 900);
    let store = page.store();
    store.set("note", "x".repeat(255)).unwrap();
    page.tells("activity", &"x".repeat(255));
    let cut = "const what = document.querySelector('#activity .what');
        return what.scrollWidth > what.clientWidth || what.scrollHeight > what.clientHeight";
    assert_eq!(page.browser.run(cut), false);
    let bottoms = "return ['monitor', 'activity'].map((id) =>
        Math.round(document.getElementById(id).closest('.panel').getBoundingClientRect().bottom))";
    let bottoms = page.browser.run(bottoms);
    assert_eq!(bottoms[0], bottoms[1], "no empty column");

    page.act(0, "copy");
    page.tells("toasts", "the value");
    let covered = "const box = document.querySelector('.toast').getBoundingClientRect();
        return [...document.querySelectorAll('.panel, .gauge, .legend, .brand h1, .tools > *')]
            .filter((found) => found.checkVisibility())
            .map((found) => [found, found.getBoundingClientRect()])
            .filter(([, other]) => other.left < box.right && box.left < other.right
                && other.top < box.bottom && box.top < other.bottom)
            .map(([found]) => found.className || found.tagName)";
    assert_eq!(page.browser.run(covered), json!([]));
    let faint = "return [...document.querySelectorAll('.actions .button')]
        .filter((found) => found.checkVisibility({ opacityProperty: true }))
        .filter((found) => Number(getComputedStyle(found.parentElement).opacity) < 1).length";
    page.browser.run("document.activeElement.blur()");
    assert_eq!(page.browser.run(faint), 0);
}

pub fn phone() {
    let page = Page::open("phone");
    fill(&page);
    for path in ["/", "/docs", "/redoc"] {
        page.browser.resize(360, 740);
        page.browser.open(&format!("{}{path}", page.server.url()));
        page.browser
            .wait_for("return document.querySelector('.operation, #link[data-state=live]')");
        page.browser
            .run("document.querySelectorAll('details').forEach((found) => found.open = true)");
        let width = page.browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, 360, "{path}");
    }
    page.browser.open(&page.server.url());
    page.is_live();
    page.browser.click("#open-set");
    let cut = "const box = document.getElementById('set-dialog').getBoundingClientRect();
               return box.left >= 0 && box.right <= 360 && box.bottom <= 740";
    assert_eq!(page.browser.run(cut), true);
}

/// Every control has a name, every picture is told or passed over, and headings
/// leave out no level.
pub fn names() {
    let page = Page::open("names");
    fill(&page);
    page.browser.click("#open-set");
    let nameless = "return [...document.querySelectorAll('button, input, textarea, a, [role=img]')]
        .filter((found) => found.checkVisibility())
        .filter((found) => !(found.ariaLabel || found.textContent.trim() || found.labels?.length))
        .map((found) => found.outerHTML)";
    assert_eq!(page.browser.run(nameless), json!([]));
    let pictures = "return [...document.querySelectorAll('svg, canvas, img, progress')]
        .filter((found) => !found.closest('[aria-hidden=true], [role=img]') && found.alt !== '')
        .map((found) => found.outerHTML)";
    assert_eq!(page.browser.run(pictures), json!([]));
    let skipped = "const levels = [...document.querySelectorAll('h1, h2, h3, h4')]
            .map((found) => Number(found.tagName[1]));
        return levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)";
    assert_eq!(page.browser.run(skipped), json!([]));
    let ids = "const ids = [...document.querySelectorAll('[id]')].map((found) => found.id);
        return ids.filter((id, index) => ids.indexOf(id) !== index)";
    assert_eq!(page.browser.run(ids), json!([]));
}

//! Figures are played, and say what the simulator says.

use serde_json::json;
use shmkv_tests::Browser;

use crate::site::Site;

const VIOLATION: &str = "violated: both visits are counted: visits is 1";

const ARROW_LEFT: &str = "\u{E012}";
const ARROW_RIGHT: &str = "\u{E014}";
const ENTER: &str = "\u{E007}";

fn open(site: &Site, browser: &Browser) {
    browser.open(&site.page("why.html"));
    browser.wait_for("return document.querySelector('.scheduler .play')");
}

fn verdict(browser: &Browser) -> String {
    browser.text(".verdict")
}

fn schedule(browser: &Browser) -> String {
    let value = browser.run("return document.querySelector('.controls input').value");
    value.as_str().expect("a schedule").to_owned()
}

/// The lights, as their classes.
fn lights(browser: &Browser) -> serde_json::Value {
    browser
        .run("return [...document.querySelectorAll('.lights li')].map((light) => light.className)")
}

/// Schedule: a loads, b loads, a stores, b stores.
pub fn played_by_clicks(site: &Site, browser: &Browser) {
    open(site, browser);
    assert_eq!(lights(browser), json!(["", ""]), "nothing is known at the start");
    assert_eq!(browser.text(".odds"), "From here 4 of 6 schedules fail.");
    for process in ["p0", "p1", "p0"] {
        browser.click(&format!(".{process} .step"));
    }
    assert_eq!(browser.text(".memory tbody"), "visits 1 was 0");
    assert_eq!(browser.text(".line.current code").trim(), "page.visits.store(seen + 1, Relaxed);");
    assert_eq!(verdict(browser), "");
    browser.click(".p1 .step");
    assert_eq!(verdict(browser), VIOLATION);
    assert_eq!(lights(browser), json!(["holds", "broken"]));
    assert_eq!(schedule(browser), "0,1,0,1");
}

pub fn played_by_keys(site: &Site, browser: &Browser) {
    open(site, browser);
    browser.focus(".p0 .step");
    browser.press("0101");
    assert_eq!((verdict(browser).as_str(), schedule(browser).as_str()), (VIOLATION, "0,1,0,1"));
    browser.press("r0011");
    assert_eq!((verdict(browser).as_str(), schedule(browser).as_str()), ("held", "0*2,1*2"));
    assert_eq!(lights(browser), json!(["holds", "holds"]));
    browser.press("0");
    assert_eq!(browser.text(".said"), "a has ended");
    browser.press("rf");
    assert_eq!(verdict(browser), VIOLATION);
    browser.press("r");
    browser.press("0");
    browser.press_with_shift("1");
    assert_eq!(schedule(browser), "0,1*2", "with Shift as many as it can");
    browser.click(".p0 .on");
    assert_eq!(verdict(browser), VIOLATION);
}

pub fn undoes_and_does_again(site: &Site, browser: &Browser) {
    open(site, browser);
    browser.focus(".p0 .step");
    browser.press("01uu");
    assert_eq!(schedule(browser), "");
    browser.press(ARROW_RIGHT);
    browser.press(ARROW_RIGHT);
    assert_eq!(schedule(browser), "0,1");
    browser.press(ARROW_LEFT);
    browser.press("0");
    assert_eq!(schedule(browser), "0*2", "another step takes the place of the one undone");
    browser.press(ARROW_RIGHT);
    assert_eq!(schedule(browser), "0*2");
    assert!(browser.run("return location.pathname") == "/why.html", "no page was turned");
}

pub fn accepts_schedules(site: &Site, browser: &Browser) {
    open(site, browser);
    let enter = |text: &str| {
        browser.run("document.querySelector('.controls input').value = ''");
        browser.focus(".controls input");
        browser.press(text);
        browser.press(ENTER);
    };
    enter(" 1, 0");
    assert_eq!((verdict(browser).as_str(), schedule(browser).as_str()), (VIOLATION, "1,0*2,1"));
    enter("0*2");
    assert_eq!((verdict(browser).as_str(), schedule(browser).as_str()), ("held", "0*2,1*2"));
    browser.press("u");
    assert_eq!(schedule(browser), "0*2,1*2u", "keys are text while a schedule is typed");
    for (text, message) in [
        ("x", "part 1 is “x”; expected P or P*N, as in 0*12,1*3,0"),
        ("0,9", "part 2 names process 9; the last is 1"),
        ("0,1!", "part 2 kills a process, and this figure has no kills"),
        ("0*3", "step 3 cannot be made: a has ended or waits"),
        ("0*99999", "part 1 has more than 10000 steps"),
    ] {
        enter(text);
        assert_eq!(browser.text(".said"), message);
        assert_eq!(browser.text(".wrong"), message, "it is seen, though an end is shown");
        assert_eq!(schedule(browser), text, "what was typed stays");
        assert_eq!(verdict(browser), "held", "what was shown stays");
    }
}

/// The failure that the script walks to is the one that the simulator ran.
pub fn all_show_their_failure(site: &Site, browser: &Browser) {
    let mut figures = 0;
    for page in Site::pages() {
        browser.open(&site.page(&page));
        let shown = browser.run(
            "return [...document.querySelectorAll('figure.scheduler')].map((figure) => {
                const button = [...figure.querySelectorAll('button')]
                    .find((button) => button.textContent === 'Shortest failure');
                button.click();
                return [figure.querySelector('.verdict').textContent,
                    figure.querySelector('.unplayed p').textContent];
            })",
        );
        for figure in shown.as_array().expect("a list") {
            let (verdict, caption) = (figure[0].as_str(), figure[1].as_str().expect("a caption"));
            assert!(caption.contains(verdict.expect("a verdict")), "{page}: {figure}");
            assert!(verdict != Some("") && verdict != Some("held"), "{page}: {figure}");
            figures += 1;
        }
    }
    assert!(figures >= 2, "each is in its chapter and in print.html: {figures}");
}

pub fn labels(site: &Site, browser: &Browser) {
    open(site, browser);
    let unnamed = browser.run(
        "return [...document.querySelectorAll('.play button, .play input, .play [tabindex]')]
            .filter((element) => !(element.textContent.trim() || element.ariaLabel
                || element.labels?.[0]?.textContent.trim()))
            .map((element) => element.outerHTML)",
    );
    assert_eq!(unnamed, json!([]), "all that can have the focus has a name");
    let live = browser.run("return document.querySelector('.said').getAttribute('aria-live')");
    assert_eq!(live, json!("polite"));
    browser.click(".p1 .step");
    assert_eq!(browser.text(".said"), "Step 1, b: load visits = 0.");
    let disabled =
        browser.run("return document.querySelector('.p0 .step').getAttribute('aria-disabled')");
    assert_eq!(disabled, json!("false"));
}

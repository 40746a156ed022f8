//! Pages load, and are found.

use shmkv_tests::Browser;

use crate::site::Site;

pub fn every_page_loads_without_complaints(site: &Site, browser: &Browser) {
    let pages = Site::pages();
    assert!(pages.len() > 5, "{pages:?}");
    for page in pages {
        browser.open(&site.page(&page));
        assert!(!browser.text("main h1").is_empty(), "{page} has a title");
        assert_eq!(browser.console(), Vec::<String>::new(), "{page}");
    }
}

pub fn search_finds_semaphore(site: &Site, browser: &Browser) {
    browser.open(&site.page("why.html"));
    browser.press("s");
    browser.wait_for("return document.activeElement.id === 'mdbook-searchbar'");
    browser.press("semaphore");
    browser.wait_for("return document.querySelectorAll('#mdbook-searchresults li a').length");
    let found = browser.text("#mdbook-searchresults");
    assert!(found.to_lowercase().contains("semaphore"), "{found}");

    browser.click("#mdbook-searchresults li a");
    browser.wait_for("return document.readyState === 'complete' && location.search !== ''");
    assert!(browser.text("main").to_lowercase().contains("semaphore"));
    assert_eq!(browser.console(), Vec::<String>::new());
}

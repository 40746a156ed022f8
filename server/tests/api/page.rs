//! The page as the server writes it, and the files that belong to it.

use shmkv::KeyValue;
use shmkv_tests::TestName;

use crate::support::{Response, Server, open, wait_until};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";

fn page(server: &Server) -> Response {
    server.send_with("GET", "/", BROWSER, "")
}

#[test]
fn browsers_get_the_page_and_others_json() {
    let name = TestName::new("srv-accept");
    let server = Server::start(&name, &[]);
    let html = page(&server);
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(html.body.starts_with("<!DOCTYPE html>"));
    for accept in ["", "Accept: */*\r\n", "Accept: application/json\r\n"] {
        let answer = server.send_with("GET", "/", accept, "");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{accept}");
    }
}

#[test]
fn page_is_written_out_as_things_are() {
    let name = TestName::new("srv-page");
    let server = Server::start(&name, &[]);
    open(&name).set("<script>", "\"quoted\" & <b>bold</b>").unwrap();
    wait_until("the page knows it", || page(&server).body.contains("&lt;script&gt;"));
    let html = page(&server).body;
    assert!(html.contains("&quot;quoted&quot; &amp; &lt;b&gt;bold&lt;/b&gt;"));
    assert_eq!(html.matches("data-state=\"used\"").count(), 1);
    assert_eq!(html.matches("data-state=\"empty\"").count(), 9);
}

#[test]
fn page_of_a_read_only_server_offers_no_changes() {
    let name = TestName::new("srv-page-ro");
    let server = Server::start(&name, &["--read-only"]);
    let html = page(&server).body;
    for element in ["set-dialog", "data-action=\"edit\"", "data-action=\"delete\""] {
        assert!(!html.contains(element), "{element}");
    }
}

/// Whatever gets into the page as text can load and run nothing.
#[test]
fn pages_may_use_this_server_and_nothing_else() {
    let name = TestName::new("srv-policy");
    let server = Server::start(&name, &[]);
    for path in ["/", "/docs", "/redoc"] {
        let answer = server.send_with("GET", path, BROWSER, "");
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        for link in links(&answer.body) {
            assert!(link.starts_with('/') && !link.starts_with("//") || link.starts_with('#'));
            if link.starts_with("/assets/") {
                assert_eq!(server.get(link).status, 200, "{link}");
            }
        }
    }
}

fn links(html: &str) -> Vec<&str> {
    let of = |attribute| html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    of(" src=\"").chain(of(" href=\"")).collect()
}

#[test]
fn files_load_only_files_of_this_server() {
    let name = TestName::new("srv-assets");
    let server = Server::start(&name, &[]);
    let mut seen = vec!["/assets/main.js".to_owned(), "/assets/docs.js".to_owned()];
    let mut next = 0;
    while let Some(path) = seen.get(next).cloned() {
        let file = server.get(&path);
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        for import in
            file.body.split(" from \"./").skip(1).filter_map(|rest| rest.split('"').next())
        {
            let path = format!("/assets/{import}");
            if !seen.contains(&path) {
                seen.push(path);
            }
        }
        assert!(!file.body.contains("http:") && !file.body.contains("https:"), "{path}");
        next += 1;
    }
    for style in ["base.css", "page.css", "docs.css"] {
        let css = server.get(&format!("/assets/{style}")).body;
        assert!(!css.contains("url(") && !css.contains("@import"), "{style}");
    }
    assert_eq!(server.get("/assets/nothing.js").status, 404);
    assert_eq!(server.get("/assets/..%2fmain.rs").status, 404);
}

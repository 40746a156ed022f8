//! Whose segment it is: one of another user, or that another user can change, is not
//! used, unless that is said.
//!
//! Only root can give an object away; as another user, the tests do with the mode.

use std::fs::{Permissions, rename, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use shmkv::{KeyValue, Store};
use shmkv_tests::TestName;

use crate::support::{Server, open, wait_until};

/// Debian's `nobody`.
const NOBODY: u32 = 65534;

fn path(name: &TestName) -> PathBuf {
    Path::new("/dev/shm").join(name.as_str().trim_start_matches('/'))
}

/// A stranger's store; returns what is said of it, and its owner.
fn strange(name: &TestName) -> (String, u32) {
    Store::create(name).unwrap().set("k", "forged").unwrap();
    let path = path(name);
    let user = path.metadata().unwrap().uid();
    match chown(&path, Some(NOBODY), None) {
        Ok(()) => {
            (format!("belongs to user {NOBODY}, and this process runs as user {user}"), NOBODY)
        }
        Err(_) => {
            set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
            ("has mode 0666, and should have 0600".to_owned(), user)
        }
    }
}

#[test]
fn strange_segment_is_not_opened_unless_that_is_allowed() {
    let name = TestName::new("srv-own");
    let (strange, owner) = strange(&name);
    for options in [&[][..], &["--read-only"], &["--allow-owner", "12345"]] {
        let error = Server::try_start(&name, "127.0.0.1:0", options).err().unwrap();
        assert!(error.contains(&strange), "{error}");
    }
    let server = Server::start(&name, &["--allow-owner", &owner.to_string()]);
    assert_eq!(server.get("/get/k").json()["value"], "forged");
    assert_eq!(server.set("k", "mine").status, 200);
}

#[test]
fn segment_that_others_can_change_is_not_opened() {
    let name = TestName::new("srv-own-mode");
    Store::create(&name).unwrap();
    for mode in [0o666, 0o644, 0o660] {
        set_permissions(path(&name), Permissions::from_mode(mode)).unwrap();
        let error = Server::try_start(&name, "127.0.0.1:0", &[]).err().unwrap();
        let said = format!("has mode {mode:04o}, and should have 0600");
        assert!(error.contains(&said), "{error}");
    }
}

/// Schedule: the name under a running server is given to a stranger's object, and
/// later to one of its own user again.
/// Forbidden: that anything of the stranger's is read.
#[test]
fn strange_segment_does_not_take_a_name_over() {
    let (name, other) = (TestName::new("srv-own-taken"), TestName::new("srv-own-stranger"));
    let server = Server::start(&name, &[]);
    server.set("k", "v");
    let (strange, _) = strange(&other);
    rename(path(&other), path(&name)).unwrap();
    wait_until("the stranger is refused", || {
        let answer = server.get("/get/k");
        if answer.status == 200 {
            // The old one, until the other is noticed.
            assert_eq!(answer.json()["value"], "v");
            return false;
        }
        assert_eq!(answer.status, 503);
        answer.detail().contains(&strange)
    });
    assert!(server.get("/healthz").detail().contains(&strange));
    assert_eq!(server.send("POST", "/recover", "").status, 503);
    assert_eq!(server.set("k", "w").status, 503);

    Store::create(&other).unwrap().set("k", "again").unwrap();
    rename(path(&other), path(&name)).unwrap();
    wait_until("its own is found", || server.get("/healthz").status == 200);
    assert_eq!(server.get("/get/k").json()["value"], "again");
    assert_eq!(open(&name).version(), 1);
}

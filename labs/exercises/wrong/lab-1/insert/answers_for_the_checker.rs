//! Verdict: crash
//! It becomes a checker itself, and looks for the way to the runner.

use std::fs;
use std::io::Write;

use shmkv_grader::lab_1::insert::Table;

const REPLY: &[u8] = b"{\"reply\":\"graded\",\"failed\":null,\"evidence\":[]}\n";

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    let parent = std::os::unix::process::parent_id();
    for process in ["self".to_owned(), parent.to_string()] {
        let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { continue };
        for file in files.flatten() {
            let opened = fs::File::options().write(true).open(file.path());
            let _ = opened.and_then(|mut file| file.write_all(REPLY));
        }
    }
    shmkv_grader::run(&[]);
    std::process::exit(0)
}

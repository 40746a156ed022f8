//! Programs that may not install seccomp filters, as in some sandboxes.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_LD, BPF_RET, BPF_W, sock_filter, sock_fprog};

/// Makes `command` run under a filter that answers each attempt to install
/// another with `errno`.
pub fn deny_seccomp(command: &mut Command, errno: i32) -> &mut Command {
    let deny = move || install(&mut filter(errno));
    // SAFETY: between fork and exec it makes two system calls and nothing else.
    unsafe { command.pre_exec(deny) }
}

/// The number of the call, and for prctl its first argument.
fn filter(errno: i32) -> [sock_filter; 7] {
    let step = |code: u32, k: u32, jt, jf| sock_filter { code: code as u16, jt, jf, k };
    let (load, if_equal) = (BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ);
    [
        step(load, 0, 0, 0),
        step(if_equal, libc::SYS_seccomp as u32, 4, 0),
        step(if_equal, libc::SYS_prctl as u32, 0, 2),
        step(load, 16, 0, 0),
        step(if_equal, libc::PR_SET_SECCOMP as u32, 1, 0),
        step(BPF_RET, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(BPF_RET, libc::SECCOMP_RET_ERRNO | errno as u32, 0, 0),
    ]
}

fn install(filter: &mut [sock_filter; 7]) -> io::Result<()> {
    let program = sock_fprog { len: 7, filter: filter.as_mut_ptr() };
    // SAFETY: no memory is touched.
    let mut result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if result == 0 {
        let (mode, program) = (libc::SECCOMP_MODE_FILTER, &raw const program);
        // SAFETY: the program is valid until the call returns.
        result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, program) };
    }
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

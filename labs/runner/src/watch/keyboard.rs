//! Keys, one at a time, and a terminal that is always given back as it was.
//!
//! Idea: the terminal hands over each key at once and does not show it; all else stays,
//! Ctrl-C too. Whatever ends the program sets it back: the end of this value, which
//! comes with a panic as well, or a thread that waits for signals.
//! Source: termios(3), signal(7).
//! Limits: SIGKILL and SIGSTOP leave it as it is.

use std::io::{self, IsTerminal};
use std::thread::{self, JoinHandle};

use nix::Error;
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use nix::unistd::read;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

/// What ends or stops a program, if it does not take care of it.
const SIGNALS: [i32; 5] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP];

/// The first byte of what a key sends that is no letter: an arrow, for example.
const ESCAPE: u8 = 0x1b;

/// The end of what is typed: Ctrl-D.
const END: u8 = 0x04;

/// A terminal that hands over each key at once, until this is dropped.
pub struct Keyboard {
    before: Termios,
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// That of standard input; `None` where this or standard output is no terminal.
    ///
    /// # Errors
    /// The terminal could not be set.
    pub fn open() -> io::Result<Option<Self>> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(io::stdin())?;
        let mut keys = before.clone();
        keys.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        keys.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        keys.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        // Signals are waited for before there is anything to set back.
        let mut signals = Signals::new(SIGNALS)?;
        let handle = signals.handle();
        let (at_the_end, again) = (before.clone(), keys.clone());
        let thread = thread::spawn(move || {
            for signal in signals.forever() {
                set(&at_the_end);
                // Ends or stops the program, as if nobody had waited for the signal.
                let _ = emulate_default_handler(signal);
                set(&again);
            }
        });
        let keyboard = Self { before, signals: handle, thread: Some(thread) };
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &keys)?;
        Ok(Some(keyboard))
    }

    /// The keys that were pressed, as small letters; `None` at the end of all keys. Waits
    /// until there is one.
    pub fn keys(&self) -> Option<Vec<u8>> {
        let mut bytes = [0; 64];
        match read(io::stdin(), &mut bytes) {
            Err(Error::EINTR | Error::EAGAIN) => Some(Vec::new()),
            Ok(0) | Err(_) => None,
            Ok(count) => Some(letters(&bytes[..count])).filter(|keys| !keys.contains(&END)),
        }
    }
}

/// What was pressed, as small letters, without keys that send several bytes: `ESC [ … A`,
/// `ESC O A`, `ESC A`.
fn letters(bytes: &[u8]) -> Vec<u8> {
    let mut letters = Vec::new();
    let mut bytes = bytes.iter().map(u8::to_ascii_lowercase);
    while let Some(byte) = bytes.next() {
        match byte {
            ESCAPE => match bytes.next() {
                Some(b'[') => {
                    bytes.find(|byte| (b'@'..=b'~').contains(byte));
                }
                Some(b'o') => {
                    bytes.next();
                }
                _ => {}
            },
            letter => letters.push(letter),
        }
    }
    letters
}

/// A terminal that is gone cannot be set, and need not be.
fn set(terminal: &Termios) {
    let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, terminal);
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        set(&self.before);
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // It ends when it is told so.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use nix::pty::openpty;

    use super::*;

    /// Set for the process that panics.
    const PANICS: &str = "SHMKV_TEST_KEYBOARD";

    fn takes_lines(terminal: &Termios) -> bool {
        terminal.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    #[test]
    fn keys_that_are_no_letters_are_left_out() {
        assert_eq!(letters(b"aB\x1b[Ac\x1b[15~d\x1bOhe\x1bxf?\x1b"), b"abcdef?");
    }

    /// In a process of its own, whose standard input is a terminal.
    #[test]
    fn a_panic_gives_the_terminal_back() {
        if std::env::var_os(PANICS).is_some() {
            let keyboard = Keyboard::open().expect("it can be set");
            let set = tcgetattr(io::stdin()).expect("its settings");
            assert!(keyboard.is_some() && !takes_lines(&set), "it is not set");
            panic!("as planned");
        }
        let terminal = openpty(None, None).expect("a terminal");
        let before = tcgetattr(&terminal.slave).expect("its settings");
        assert!(takes_lines(&before));
        let own = || terminal.slave.try_clone().expect("a copy");
        let mut again = Command::new(std::env::current_exe().expect("this program"));
        let name = "watch::keyboard::tests::a_panic_gives_the_terminal_back";
        again.args(["--exact", name, "--nocapture"]).env(PANICS, "1");
        let panicked = again.stdin(own()).stdout(own()).output().expect("it runs");
        let said = String::from_utf8_lossy(&panicked.stderr);
        assert!(said.contains("as planned"), "{said}");
        assert_eq!(tcgetattr(&terminal.slave).expect("its settings"), before);
    }
}

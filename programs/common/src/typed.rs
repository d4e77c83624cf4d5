//! What a person types.

use std::io;
use std::thread;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{self, Receiver};

/// The lines that come on the standard input, up to its end.
///
/// A thread of its own reads them: one of tokio's would keep a program that ends by a signal waiting for one more line.
#[must_use]
pub fn lines() -> Receiver<String> {
    let (line, lines) = mpsc::channel(1);
    thread::spawn(move || {
        let texts = io::stdin().lines().map_while(Result::ok);
        // Nobody wants any more of them where it fails.
        texts.map(|text| line.blocking_send(text)).find(Result::is_err)
    });
    lines
}

/// Has the terminal not show what is typed, up to where this is dropped; `None` where there is no terminal.
#[must_use]
pub fn hide() -> Option<Hidden> {
    let before = tcgetattr(io::stdin()).ok()?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(io::stdin(), SetArg::TCSANOW, &hidden).ok()?;
    Some(Hidden(before))
}

/// Dropped, also by the end of the program, it gives the terminal back as it was.
#[derive(Debug)]
pub struct Hidden(Termios);

impl Drop for Hidden {
    fn drop(&mut self) {
        tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0).ok();
    }
}

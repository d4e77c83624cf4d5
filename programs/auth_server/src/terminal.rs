//! A terminal on which a password is typed.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context as _, Result};
use nix::fcntl::OFlag;
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};
use openvpn_mgmt::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe::{Receiver, Sender};

/// The longest line a terminal gives at once, in bytes.
const LINE: usize = 4096;

/// The terminal of this process, which shows nothing of what is typed until this is dropped.
///
/// Reading does not block: a signal that ends the program drops this as well.
pub(crate) struct Terminal {
    tty: File,
    before: Termios,
    typed: Receiver,
    shown: Sender,
}

impl Terminal {
    pub(crate) fn open() -> Result<Self> {
        let mut options = OpenOptions::new();
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        // Another opening than that of the input, which goes on to block.
        let tty = options.read(true).write(true).custom_flags(flags.bits()).open("/dev/tty");
        let tty = tty.context("there is no terminal to ask for the password on")?;
        let before = tcgetattr(&tty).context("cannot ask the terminal how it is set")?;
        // Any file that can be waited for will do.
        let typed = Receiver::from_file_unchecked(tty.try_clone()?)?;
        let shown = Sender::from_file_unchecked(tty.try_clone()?)?;
        let terminal = Self { tty, before, typed, shown };
        terminal.hide()?;
        Ok(terminal)
    }

    fn hide(&self) -> Result<()> {
        let mut silent = self.before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL | LocalFlags::ICANON | LocalFlags::ISIG);
        // Whatever was typed before there was a question was shown.
        tcflush(&self.tty, FlushArg::TCIFLUSH)?;
        let hidden = tcsetattr(&self.tty, SetArg::TCSANOW, &silent);
        hidden.context("cannot have the terminal hide what is typed")
    }

    /// Asks for one line.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<Secret> {
        self.shown.write_all(question.as_bytes()).await?;
        let mut line = vec![0; LINE];
        let length = self.typed.read(&mut line).await?;
        line.truncate(length);
        let line = Secret::from(line);
        let typed = line.expose().strip_suffix(b"\n").context("the input ended")?;
        Ok(Secret::from(typed))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Of a password that was half typed, the rest is no command for the shell.
        tcflush(&self.tty, FlushArg::TCIFLUSH).ok();
        // It fails where the terminal is gone, and then there is nothing to restore.
        tcsetattr(&self.tty, SetArg::TCSANOW, &self.before).ok();
    }
}

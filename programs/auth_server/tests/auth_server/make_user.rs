//! `auth_server --make-user`, on a terminal of its own.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lab::{DEADLINE, Program};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{PROGRAM, write_private};

/// The program, and the terminal that it is run on.
struct Prompt {
    process: Child,
    keyboard: File,
    screen: Receiver,
    // Without it the terminal ends with the program.
    slave: File,
    shown: Vec<u8>,
}

impl Prompt {
    fn start(arguments: &[&str]) -> Result<Self> {
        let pty = openpty(None, None)?;
        let (master, slave) = (File::from(pty.master), File::from(pty.slave));
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // It makes the terminal that of the program, and becomes it.
        let process = Command::new("setsid")
            .arg("--ctty")
            .arg(PROGRAM)
            .args(arguments)
            .stdin(slave.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let screen = Receiver::from_file_unchecked(master.try_clone()?)?;
        Ok(Self { process, keyboard: master, screen, slave, shown: Vec::new() })
    }

    /// Waits until the terminal shows this.
    async fn shows(&mut self, text: &str) -> Result<()> {
        let show = async {
            while !String::from_utf8_lossy(&self.shown).contains(text) {
                self.screen.read_buf(&mut self.shown).await?;
            }
            anyhow::Ok(())
        };
        let shown = timeout(DEADLINE, show).await;
        shown.with_context(|| format!("no {text:?} in {:?}", self.said()))?
    }

    fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.keyboard.write_all(text.as_bytes())?)
    }

    fn echoes(&self) -> Result<bool> {
        Ok(tcgetattr(&self.slave)?.local_flags.contains(LocalFlags::ECHO))
    }

    /// Waits for the end of the program, and gives its exit status.
    async fn ends(&mut self) -> Result<Option<i32>> {
        let ended = timeout(DEADLINE, self.process.wait()).await;
        Ok(ended.context("it does not end")??.code())
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

#[tokio::test]
async fn a_signal_at_the_prompt_restores_the_terminal() -> Result<()> {
    for (signal, status) in [
        (Some(Signal::SIGTERM), 143),
        (Some(Signal::SIGINT), 130),
        (Some(Signal::SIGHUP), 129),
        // Ctrl-C.
        (None, 130),
    ] {
        let mut prompt = Prompt::start(&["--make-user", "alice"])?;
        prompt.shows("Password of alice: ").await?;
        assert!(!prompt.echoes()?, "what is typed is hidden");
        prompt.types("half a pass")?;
        match signal {
            Some(signal) => {
                let pid = prompt.process.id().context("it has ended")?;
                kill(Pid::from_raw(i32::try_from(pid)?), signal)?;
            }
            None => prompt.types("\u{3}")?,
        }
        assert_eq!(prompt.ends().await?, Some(status), "{signal:?}");
        assert!(prompt.echoes()?, "{signal:?}: the terminal is as it was");
    }
    Ok(())
}

#[tokio::test]
async fn a_user_is_added_to_a_file_of_mode_0600() -> Result<()> {
    let folder = TempDir::new()?;
    let users = folder.path().join("users.toml");
    let path = users.display().to_string();
    let arguments = ["--make-user", "alice", "--users", &path];
    let mut prompt = Prompt::start(&arguments)?;
    prompt.shows("Password of alice: ").await?;
    prompt.types("pass word\n")?;
    prompt.shows("Once more: ").await?;
    prompt.types("pass word\n")?;
    assert_eq!(prompt.ends().await?, Some(0));
    assert!(prompt.echoes()?);
    assert!(!prompt.said().contains("pass"), "{}", prompt.said());
    assert_eq!(users.metadata()?.mode() & 0o7777, 0o600);
    assert!(std::fs::read_to_string(&users)?.starts_with("[\"alice\"]"));

    let mut again = Prompt::start(&arguments)?;
    assert_eq!(again.ends().await?, Some(1), "there is an alice");
    Ok(())
}

/// Nothing is typed, and nothing is read.
#[tokio::test]
async fn a_signal_ends_it_also_at_a_pipe() -> Result<()> {
    let program = Program::start(PROGRAM, &["--make-user", "alice"], Stdio::piped())?;
    // The start of the program takes its time.
    is_caught(program.pid(), Signal::SIGTERM).await?;
    assert_eq!(program.stop(Signal::SIGTERM).await?.status.code(), Some(143));
    Ok(())
}

#[tokio::test]
async fn a_secret_is_not_printed_into_an_open_file() -> Result<()> {
    let folder = TempDir::new()?;
    let (open, closed) = (folder.path().join("open"), folder.path().join("closed"));
    std::fs::write(&open, "")?;
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    write_private(&closed, "")?;
    for (path, works) in [(&open, false), (&closed, true)] {
        let mut process = Command::new(PROGRAM)
            .args(["--make-user", "alice"])
            .stdin(Stdio::piped())
            .stdout(File::options().append(true).open(path)?)
            .kill_on_drop(true)
            .spawn()?;
        let mut input = process.stdin.take().context("there is no input")?;
        // It may have ended by then.
        input.write_all(b"pass word\n").await.ok();
        drop(input);
        let Ok(ended) = timeout(DEADLINE, process.wait()).await else { bail!("it does not end") };
        assert_eq!(ended?.success(), works, "{}", path.display());
        assert_eq!(std::fs::read_to_string(path)?.contains("totp"), works, "{}", path.display());
    }
    Ok(())
}

/// Waits until a process has a handler of its own for a signal.
async fn is_caught(pid: u32, signal: Signal) -> Result<()> {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    let caught = async {
        loop {
            look.tick().await;
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
            let command = std::fs::read_to_string(format!("/proc/{pid}/comm"))?;
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = u64::from_str_radix(caught.unwrap_or_default().trim(), 16)?;
            if command.starts_with("auth_server") && caught & 1 << (signal as u32 - 1) != 0 {
                return anyhow::Ok(());
            }
        }
    };
    timeout(DEADLINE, caught).await.context("it catches no signal")?
}

//! The examples for servers, run unattended on real daemons.

#[path = "../examples/sso_server/browser.rs"]
mod browser;
#[path = "examples_server/full_pipe.rs"]
mod full_pipe;
#[path = "examples_server/guest.rs"]
mod guest;
mod programs;
#[path = "examples_server/sso.rs"]
mod sso;

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, Lab, ServerOptions};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const DEADLINE: Duration = Duration::from_secs(300);

/// An example that runs, in a folder for temporary files of its own.
struct Example {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    temporary: TempDir,
}

impl Example {
    fn start(name: &str, arguments: &[&str], input: Stdio) -> Result<Self> {
        Self::with(name, arguments, |command| Ok(command.stdin(input)))
    }

    fn with(
        name: &str,
        arguments: &[&str],
        set: impl FnOnce(&mut Command) -> Result<&mut Command>,
    ) -> Result<Self> {
        let temporary = TempDir::new()?;
        let mut command = command(name, arguments, &temporary)?;
        let mut process = set(&mut command)?.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().context("there is no output")?;
        let output = BufReader::new(output).lines();
        Ok(Self { process, output, seen: Vec::new(), temporary })
    }

    /// Waits for a line that holds this text.
    async fn sees(&mut self, text: &str) -> Result<()> {
        let find = async {
            while let Some(line) = self.output.next_line().await? {
                self.seen.push(line);
                if self.seen.last().is_some_and(|line| line.contains(text)) {
                    return Ok(());
                }
            }
            anyhow::bail!("{text:?} is not in the output:\n{}", self.seen.join("\n"))
        };
        match tokio::time::timeout(DEADLINE, find).await {
            Ok(found) => found,
            Err(_) => anyhow::bail!("no {text:?} came, but:\n{}", self.seen.join("\n")),
        }
    }

    /// Waits for the end, and looks that nothing is left.
    async fn ends(mut self) -> Result<ExitStatus> {
        let end = async {
            while self.output.next_line().await?.is_some() {}
            anyhow::Ok(self.process.wait().await?)
        };
        let status = tokio::time::timeout(DEADLINE, end).await??;
        let left: Vec<_> = std::fs::read_dir(self.temporary.path())?.collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        let name = self.temporary.path().display().to_string();
        assert_eq!(processes_that_name(&name), Vec::<String>::new());
        Ok(status)
    }

    fn pid(&self) -> Result<u32> {
        self.process.id().context("it has ended")
    }
}

/// An example's program; ends with the value of its process.
fn command(name: &str, arguments: &[&str], temporary: &TempDir) -> Result<Command> {
    let mut command = Command::new(programs::program(name)?);
    command.args(arguments).env("TMPDIR", temporary.path()).kill_on_drop(true);
    Ok(command)
}

/// The process ids of daemons whose command line names a folder.
fn processes_that_name(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let names = |pid: &String| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).contains(folder)
    };
    pids.filter(names).collect()
}

/// Runs an example to its end, which is to be a good one, and looks for lines in their order;
/// gives all up to the last of them.
async fn shows(test: &str, name: &str, arguments: &[&str], lines: &[&str]) -> Result<Vec<String>> {
    if Lab::serving_or_skip(test)?.is_none() {
        return Ok(Vec::new());
    }
    let mut example = Example::start(name, arguments, Stdio::null())?;
    for line in lines {
        example.sees(line).await?;
    }
    let seen = std::mem::take(&mut example.seen);
    assert!(example.ends().await?.success());
    Ok(seen)
}

#[tokio::test]
async fn sso_server_shows_approval_and_denial() -> Result<()> {
    let lines = [
        "is told to open http://127.0.0.1:",
        "alice let in: approved",
        "CONNECTED as 10.",
        "this link was used",
        "denied on the page",
        "DENIED: Denied on the page",
    ];
    let test = "sso_server_shows_approval_and_denial";
    let seen = shows(test, "sso_server", &["--auto-approve"], &lines).await?;
    for line in seen.iter().filter(|line| line.contains("is told to open")) {
        assert!(line.ends_with("/…"), "the link is shown to others than its user: {line}");
    }
    Ok(())
}

#[tokio::test]
async fn ctrl_c_leaves_nothing() -> Result<()> {
    if Lab::serving_or_skip("ctrl_c_leaves_nothing")?.is_none() {
        return Ok(());
    }
    for name in ["sso_server"] {
        let mut example = Example::start(name, &[], Stdio::null())?;
        example.sees("types user name and password").await?;
        let pid = example.pid()?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGINT)?;
        assert_eq!(example.ends().await?.code(), Some(130), "{name}");
        let device = format!("/sys/class/net/lab{pid:x}-0");
        assert!(!std::path::Path::new(&device).exists(), "{device}");
    }
    Ok(())
}

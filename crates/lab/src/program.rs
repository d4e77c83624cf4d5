//! [`Program`]: a program under test, started, read, and looked after.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// How long anything of a program may take, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long what a program has started may live on behind its end.
const MOMENT: Duration = Duration::from_secs(30);

/// A program that runs, in a folder for temporary files of its own; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pid: u32,
    input: Option<ChildStdin>,
    output: Option<Lines<BufReader<ChildStdout>>>,
    /// Read meanwhile, so that the program never waits for it.
    errors: Option<JoinHandle<String>>,
    seen: Vec<String>,
    folder: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it printed, line by line.
    pub output: String,
    /// What it wrote to the standard error, where that is a pipe.
    pub errors: String,
}

impl Program {
    /// Starts a program whose output is read; its errors go where those of the test go.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(program: impl AsRef<Path>, arguments: &[&str], input: Stdio) -> Result<Self> {
        Self::with(program, arguments, |command| {
            command.stdin(input);
        })
    }

    /// As [`start`](Self::start), with other settings: pipes are for this value to hold.
    ///
    /// # Errors
    /// It does not start.
    pub fn with(
        program: impl AsRef<Path>,
        arguments: &[&str],
        set: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env("TMPDIR", folder.path()).kill_on_drop(true);
        set(command.stdout(Stdio::piped()));
        let started = command.spawn();
        let mut child =
            started.with_context(|| format!("{} does not start", program.as_ref().display()))?;
        let pid = child.id().context("it has ended")?;
        let input = child.stdin.take();
        let output = child.stdout.take().map(|output| BufReader::new(output).lines());
        let errors = child.stderr.take().map(|errors| tokio::spawn(read(errors)));
        Ok(Self { child, pid, input, output, errors, seen: Vec::new(), folder })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What is typed to it, where that is a pipe; once.
    ///
    /// # Errors
    /// It is no pipe, or was taken before.
    pub fn take_input(&mut self) -> Result<ChildStdin> {
        self.input.take().context("there is no input")
    }

    /// Types to it, where its input is a pipe.
    ///
    /// # Errors
    /// It is no pipe, or nobody reads it any more.
    pub async fn types(&mut self, text: &str) -> Result<()> {
        let input = self.input.as_mut().context("there is no input")?;
        Ok(input.write_all(text.as_bytes()).await?)
    }

    /// The lines that were read so far.
    #[must_use]
    pub fn seen(&self) -> &[String] {
        &self.seen
    }

    /// Waits for a line that holds this text, and gives it.
    ///
    /// # Errors
    /// The output ended, or it takes too long; with the lines that came instead.
    pub async fn sees(&mut self, text: &str) -> Result<String> {
        match timeout(PATIENCE, self.find(text)).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Err(error)) => Err(error),
            Ok(Ok(None)) => bail!("{text:?} is not in the output:\n{}", self.seen.join("\n")),
            Err(_) => bail!("no {text:?} came, but:\n{}", self.seen.join("\n")),
        }
    }

    async fn find(&mut self, text: &str) -> Result<Option<String>> {
        let output = self.output.as_mut().context("its output is not read here")?;
        while let Some(line) = output.next_line().await? {
            self.seen.push(line.clone());
            if line.contains(text) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// Waits for the end, and looks that nothing is left: no file, no process, no device.
    ///
    /// # Errors
    /// It does not end, or leaves something behind.
    pub async fn ends(mut self) -> Result<End> {
        drop(self.input.take());
        let status = timeout(PATIENCE, self.wait()).await.context("it hangs")??;
        let errors = match self.errors.take() {
            Some(errors) => errors.await?,
            None => String::new(),
        };
        let output = self.seen.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        let left = left_after_a_while(self.pid, self.folder.path()).await?;
        ensure!(left.is_empty(), "left behind: {left:?}\n{output}\n{errors}");
        Ok(End { status, output, errors })
    }

    async fn wait(&mut self) -> Result<ExitStatus> {
        if let Some(output) = &mut self.output {
            while let Some(line) = output.next_line().await? {
                self.seen.push(line);
            }
        }
        Ok(self.child.wait().await?)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(Pid::from_raw(i32::try_from(self.pid)?), signal)?)
    }

    /// Ends it by a signal, as [`ends`](Self::ends); its input stays open until it has ended.
    ///
    /// # Errors
    /// As [`ends`](Self::ends).
    pub async fn stop(mut self, signal: Signal) -> Result<End> {
        self.signal(signal)?;
        let input = self.input.take();
        let end = self.ends().await;
        drop(input);
        end
    }
}

#[allow(clippy::must_use_candidate, reason = "what they are called for is to fail")]
impl End {
    /// Looks that this is in the output.
    ///
    /// # Panics
    /// It is not.
    pub fn shows(&self, part: &str) -> &Self {
        assert!(self.output.contains(part), "no {part:?} in:\n{}\n{}", self.output, self.errors);
        self
    }

    /// Looks that the end was a good one.
    ///
    /// # Panics
    /// It was not.
    pub fn succeeded(&self) -> &Self {
        assert!(self.status.success(), "{}:\n{}\n{}", self.status, self.output, self.errors);
        self
    }

    /// Looks that it ended by Ctrl-C, in good order.
    ///
    /// # Panics
    /// It did not.
    pub fn interrupted(&self) -> &Self {
        assert_eq!(self.status.code(), Some(130), "{}\n{}", self.output, self.errors);
        self
    }

    /// Looks that the status is 1, and that this is in the errors.
    ///
    /// # Panics
    /// It is not.
    pub fn failed_with(&self, part: &str) -> &Self {
        assert_eq!(self.status.code(), Some(1), "{}\n{}", self.output, self.errors);
        assert!(self.errors.contains(part), "no {part:?} in:\n{}", self.errors);
        self
    }
}

async fn read(mut errors: ChildStderr) -> String {
    let mut bytes = Vec::new();
    errors.read_to_end(&mut bytes).await.ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As [`leftovers`], once there are none or a while has passed: a daemon that ends as its manager has closed the connection
/// takes a moment.
async fn left_after_a_while(pid: u32, folder: &Path) -> Result<Vec<String>> {
    let until = Instant::now() + MOMENT;
    loop {
        let left = leftovers(pid, folder)?;
        if left.is_empty() || Instant::now() >= until {
            return Ok(left);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Files, processes and devices of a program that has ended.
fn leftovers(pid: u32, folder: &Path) -> Result<Vec<String>> {
    let mut left = names(folder)?;
    // As the lab names its devices.
    let device = format!("lab{pid:x}-");
    left.extend(names(Path::new("/sys/class/net"))?.into_iter().filter(|n| n.starts_with(&device)));
    let folder = folder.display().to_string();
    for process in names(Path::new("/proc"))? {
        // Those that end meanwhile are none.
        let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&words).contains(&folder) {
            left.push(format!("process {process}"));
        }
    }
    Ok(left)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// A pipe that takes nothing more: its end to write to, and the other, which keeps it open.
///
/// # Errors
/// The system gives none.
pub fn full_pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (output, input) = pipe()?;
    fcntl(&input, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let mut input = File::from(input);
    while input.write(&[b'.'; 4096]).is_ok() {}
    fcntl(&input, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok((input.into(), output))
}

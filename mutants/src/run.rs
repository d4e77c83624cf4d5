//! Runs the tests with each change: those of its own folder, then the library's others that come to its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::errors;
use crate::list::{self, Mutant};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What `cargo mutants --list --json` says.
    list: PathBuf,
    /// What was written by `plant`.
    own: PathBuf,
    /// The tests of the library, compiled.
    tests: PathBuf,
    /// Where they run.
    tree: PathBuf,
    /// Gets a line of JSON a change; those that are in it are not run again.
    results: PathBuf,
    /// How many changes are run at a time.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Seconds a change has for a stage.
    #[arg(long, default_value_t = 60)]
    wall: u64,
    /// Seconds of the processor.
    #[arg(long, default_value_t = 40)]
    processor: u64,
    /// Memory, in GiB of addresses.
    #[arg(long, default_value_t = 6)]
    memory: u64,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// A test failed.
    Failed,
    /// It took more than it may.
    Time,
    /// Each test passed, or none comes to the place.
    Missed,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) outcome: Outcome,
    /// Whether tests of its own folder had the say.
    pub(crate) own: bool,
    /// The first test that failed.
    pub(crate) by: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mutants = list::read(&args.list)?;
    let written: BTreeSet<usize> =
        errors::read_own(&args.own)?.iter().map(|own| own.number).collect();
    let done: BTreeSet<usize> = read(&args.results)?.iter().map(|line| line.number).collect();
    let reached = reached(args)?;
    let out = Mutex::new(fs::OpenOptions::new().create(true).append(true).open(&args.results)?);
    let todo: Vec<&Mutant> = mutants
        .iter()
        .filter(|it| written.contains(&it.number) && !done.contains(&it.number))
        .collect();
    println!("{} changes to run", todo.len());
    let todo = Mutex::new(todo.into_iter());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..args.workers.max(1))
            .map(|_| scope.spawn(|| work(args, &todo, &reached, &out)))
            .collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        Ok(())
    })
}

pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The tests that come to each change; `None` among them is a thread that is no test's.
type Reached = BTreeMap<usize, BTreeSet<Option<String>>>;

fn reached(args: &Args) -> Result<Reached> {
    // Where they cannot be set, each change would seem to be noticed.
    let said = tests(args, "0").arg("--list").output()?;
    if !said.status.success() {
        bail!("the tests do not begin within these limits");
    }
    let said = String::from_utf8(said.stdout)?;
    let names: BTreeSet<&str> =
        said.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let trace = args.results.with_extension("trace");
    if trace.exists() {
        fs::remove_file(&trace)?;
    }
    let status = tests(args, "trace").env("MUTANT_TRACE", &trace).stdout(Stdio::null()).status()?;
    if !status.success() {
        bail!("the tests fail with no change at all");
    }
    let mut reached = Reached::new();
    for line in fs::read_to_string(&trace)?.lines() {
        let (number, thread) = line.split_once(' ').context("a line of the trace")?;
        let test = names.contains(thread).then(|| thread.to_owned());
        reached.entry(number.parse()?).or_default().insert(test);
    }
    Ok(reached)
}

fn work<'list>(
    args: &Args,
    todo: &Mutex<impl Iterator<Item = &'list Mutant>>,
    reached: &Reached,
    out: &Mutex<fs::File>,
) -> Result<()> {
    loop {
        let Some(mutant) = todo.lock().unwrap_or_else(PoisonError::into_inner).next() else {
            return Ok(());
        };
        let line = one(args, mutant, reached)?;
        let line = serde_json::to_string(&line)? + "\n";
        out.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())?;
    }
}

fn one(args: &Args, mutant: &Mutant, reached: &Reached) -> Result<Line> {
    let number = mutant.number;
    let folder = mutant.part().replace('/', "::") + "::";
    let (outcome, by) = stage(args, number, &[folder])?;
    if outcome != Outcome::Missed {
        return Ok(Line { number, outcome, own: true, by });
    }
    let Some(tests) = reached.get(&number) else {
        return Ok(Line { number, outcome, own: false, by });
    };
    let mut filter: Vec<String> = tests.iter().flatten().cloned().collect();
    if tests.contains(&None) {
        // Any test may have started the thread.
        filter.clear();
    } else {
        filter.push("--exact".to_owned());
    }
    let (outcome, by) = stage(args, number, &filter)?;
    Ok(Line { number, outcome, own: false, by })
}

/// The tests with a change, within the limits.
fn tests(args: &Args, change: &str) -> Command {
    let mut tests = Command::new("sh");
    let limits = match change {
        "trace" => "ulimit -c 0".to_owned(),
        _ => format!(
            "ulimit -c 0 && ulimit -t {} && ulimit -v {}",
            args.processor,
            args.memory << 20
        ),
    };
    tests.arg("-c").arg(format!("{limits} && exec \"$0\" \"$@\"")).arg(&args.tests);
    tests.arg("--test-threads=3").current_dir(&args.tree).process_group(0);
    tests
        .env("MUTANT", change)
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("RUST_BACKTRACE", "0");
    tests.stdin(Stdio::null()).stderr(Stdio::null());
    tests
}

fn stage(args: &Args, number: usize, filter: &[String]) -> Result<(Outcome, String)> {
    let mut child = tests(args, &number.to_string()).args(filter).stdout(Stdio::piped()).spawn()?;
    let (outcome, by) = watch(&mut child, Duration::from_secs(args.wall))?;
    // Also what a test has started; there may be nothing left.
    let _ = killpg(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGKILL);
    child.wait()?;
    Ok((outcome, by))
}

fn watch(child: &mut Child, wall: Duration) -> Result<(Outcome, String)> {
    let deadline = Instant::now() + wall;
    let mut stdout = child.stdout.take().context("a pipe")?;
    let (sender, pieces) = mpsc::channel();
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stdout.read(&mut piece) {
            let Some(piece) = piece.get(..read) else { break };
            if sender.send(piece.to_vec()).is_err() {
                break;
            }
        }
    });
    let mut said = Vec::new();
    loop {
        match pieces.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(piece) => said.extend(piece),
            Err(RecvTimeoutError::Timeout) => return Ok((Outcome::Time, String::new())),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // The first that fails is enough.
        if let Some(line) =
            String::from_utf8_lossy(&said).lines().find(|line| line.ends_with("... FAILED"))
        {
            return Ok((Outcome::Failed, line.to_owned()));
        }
    }
    let status = child.wait()?;
    if status.success() && String::from_utf8_lossy(&said).contains("test result: ok") {
        return Ok((Outcome::Missed, String::new()));
    }
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    if signal == Some(Signal::SIGXCPU as i32) || signal == Some(Signal::SIGKILL as i32) {
        return Ok((Outcome::Time, "processor".to_owned()));
    }
    Ok((Outcome::Failed, status.to_string()))
}

//! The window that is OpenVPN's own: what was written before the line of a restart could be read, and is read by the daemon
//! behind that restart. An answer that falls into it is taken for a client of after the restart, and no manager can know.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lab::{DEADLINE, Lab, ServerOptions};
use nix::sys::signal::Signal;

use crate::support::amount;

/// A manager that has one command in flight at any time, as soon as the one before is answered.
struct Asking {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Asking {
    fn connect(socket: &std::path::Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut asking = Self { lines: BufReader::new(stream.try_clone()?), stream };
        while !asking.line()?.starts_with(">INFO:") {}
        asking.stream.write_all(b"state on\n")?;
        while !asking.line()?.starts_with("SUCCESS: real-time state") {}
        Ok(asking)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).context("the daemon says nothing")?;
        ensure!(!line.is_empty(), "the daemon has hung up");
        Ok(line)
    }

    /// Asks until the daemon has restarted; for how long the command had been written that was in flight as the line of the
    /// restart could be read, where its reply came behind that line.
    fn over_a_restart(&mut self) -> Result<Option<Duration>> {
        let (mut window, mut has_restarted) = (None, false);
        loop {
            let sent = Instant::now();
            self.stream.write_all(b"pid\n")?;
            loop {
                let line = self.line()?;
                if line.starts_with("SUCCESS: pid=") {
                    break;
                }
                if line.contains(",RECONNECTING,") {
                    (window, has_restarted) = (Some(sent.elapsed()), true);
                } else if has_restarted && line.contains(",CONNECTED,") {
                    // The reply to what is in flight.
                    while !self.line()?.starts_with("SUCCESS: pid=") {}
                    return Ok(window);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_written_before_a_restart_can_be_read_is_read_behind_it() -> Result<()> {
    let test = "what_is_written_before_a_restart_can_be_read_is_read_behind_it";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let mut server = lab.server(ServerOptions::new().without_hold()).await?;
    server.wait_until_up().await?;
    let mut asking = Asking::connect(server.socket())?;
    let mut windows = Vec::new();
    let rounds = amount(2, 20);
    for _ in 0..rounds {
        let restarting = tokio::task::spawn_blocking(move || {
            let window = asking.over_a_restart();
            (asking, window)
        });
        server.signal(Signal::SIGUSR1)?;
        let (back, window) = restarting.await?;
        asking = back;
        windows.extend(window?);
    }
    // Of a command whose reply came first nothing is told; another is in flight at once.
    ensure!(
        windows.len() == rounds,
        "{} of {rounds} restarts had a command in flight",
        windows.len()
    );
    windows.sort();
    let at = |part: usize| windows[(windows.len() - 1) * part / 100].as_micros();
    println!(
        "OpenVPN {}: {rounds} restarts; the command in flight had been written for {} us (median), {} us (9 of 10), {} us (most)",
        lab.daemon().version(),
        at(50),
        at(90),
        at(100)
    );
    Ok(())
}

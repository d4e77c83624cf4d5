//! What an example does whose output nobody reads.

use std::io::Write as _;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe;

use super::*;
use crate::guest::Guest;
use lab::Process;

/// A pipe that takes nothing more: its end to write to, and the other, which keeps it open.
fn full_pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (output, input) = pipe()?;
    fcntl(&input, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let mut input = std::fs::File::from(input);
    while input.write(&[b'.'; 4096]).is_ok() {}
    fcntl(&input, FcntlArg::F_SETFL(OFlag::empty()))?;
    Ok((input.into(), output))
}

#[tokio::test]
async fn sso_server_decides_and_ends_while_its_output_is_full() -> Result<()> {
    let test = "sso_server_decides_and_ends_while_its_output_is_full";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    for errors_too in [false, true] {
        let server = lab.server(ServerOptions::new()).await?;
        let (input, _output) = full_pipe()?;
        let socket = server.socket().display().to_string();
        let mut arguments = vec!["--connect", &socket];
        let mut errors = Stdio::inherit();
        if errors_too {
            arguments.push("--verbose");
            errors = input.try_clone()?.into();
        }
        let example = Silent::start("sso_server", &arguments, input.into(), errors)?;
        is_released(&server).await?;
        for answer in ["approve", "deny"] {
            let mut guest = Guest::new(&lab, &server).await?;
            let url = guest.is_sent_to().await?;
            guest.presses(&url, answer).await?;
        }
        example.ends().await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_example_comes_to_its_end_while_its_output_is_full() -> Result<()> {
    let test = "every_example_comes_to_its_end_while_its_output_is_full";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let answers = lab.dir().join("answers");
    std::fs::write(&answers, "alice\nopen sesame\n")?;
    let answers = answers.display().to_string();
    let credentials = ["--scenario", "plain", "--answers", &answers, "--verbose"];
    let external_key = ["--key", "ec", "--verbose"];
    let examples =
        [("demo", &["--log"][..]), ("external_key", &external_key), ("credentials", &credentials)];
    for (name, arguments) in examples {
        let (input, _output) = full_pipe()?;
        let errors = input.try_clone()?.into();
        let mut example = Silent::start(name, arguments, input.into(), errors)?;
        let status = tokio::time::timeout(DEADLINE, example.process.wait()).await;
        assert!(status.context(name)??.success(), "{name}");
    }
    Ok(())
}

/// Waits until a server was released from its hold, which nobody can see in the output.
async fn is_released(server: &Process) -> Result<()> {
    let look = async {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        while !server.log().contains("Initialization Sequence Completed") {
            often.tick().await;
        }
    };
    let released = tokio::time::timeout(DEADLINE, look).await;
    released.with_context(|| format!("not released:\n{}", server.log()))
}

/// An example that nobody listens to.
struct Silent {
    process: Child,
    temporary: TempDir,
}

impl Silent {
    fn start(name: &str, arguments: &[&str], output: Stdio, errors: Stdio) -> Result<Self> {
        let temporary = TempDir::new()?;
        let mut command = command(name, arguments, &temporary)?;
        let process = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn()?;
        Ok(Self { process, temporary })
    }

    /// Ends it by SIGTERM, which it must hear though its output is full.
    async fn ends(mut self) -> Result<()> {
        let pid = self.process.id().context("it has ended")?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        let status = tokio::time::timeout(DEADLINE, self.process.wait()).await??;
        assert_eq!(status.code(), Some(143), "{status}");
        assert_eq!(std::fs::read_dir(self.temporary.path())?.count(), 0);
        Ok(())
    }
}

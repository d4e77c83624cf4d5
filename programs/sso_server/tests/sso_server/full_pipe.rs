//! What `sso_server` does where nobody reads its output.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{DEADLINE, Lab, Process, Program, ServerOptions, full_pipe};
use nix::sys::signal::Signal;

use crate::PROGRAM;
use crate::guest::Guest;

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
        let program = Program::with(PROGRAM, &arguments, |command| {
            command.stdin(Stdio::null()).stdout(input).stderr(errors);
        })?;
        is_released(&server).await?;
        for answer in ["approve", "deny"] {
            let mut guest = Guest::new(&lab, &server).await?;
            let url = guest.is_sent_to().await?;
            guest.presses(&url, answer).await?;
        }
        // It must hear this though its output is full.
        assert_eq!(program.stop(Signal::SIGTERM).await?.status.code(), Some(143));
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

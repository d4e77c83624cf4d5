//! The examples, run unattended on real daemons.

mod programs;

use std::process::Stdio;

use anyhow::Result;
use lab::{Lab, Program, full_pipe};

#[tokio::test]
async fn the_demo_comes_to_its_end_while_its_output_is_full() -> Result<()> {
    if Lab::serving_or_skip("the_demo_comes_to_its_end_while_its_output_is_full")?.is_none() {
        return Ok(());
    }
    let (input, _output) = full_pipe()?;
    let errors = input.try_clone()?;
    let program = Program::with(programs::program("demo")?, &["--log"], |command| {
        command.stdin(Stdio::null()).stdout(input).stderr(errors);
    })?;
    assert!(program.ends().await?.status.success());
    Ok(())
}

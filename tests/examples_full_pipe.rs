//! What an example does whose output nobody reads.

mod programs;

use std::process::Stdio;

use anyhow::{Context as _, Result};
use lab::{Lab, Program, full_pipe};

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
        let errors = input.try_clone()?;
        let program = Program::with(programs::program(name)?, arguments, |command| {
            command.stdin(Stdio::null()).stdout(input).stderr(errors);
        })?;
        assert!(program.ends().await.context(name)?.status.success(), "{name}");
    }
    Ok(())
}

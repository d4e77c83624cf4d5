//! `two_servers`, beside two.

use anyhow::Result;
use lab::{Lab, ServerOptions};

use crate::auth_server::{client, types};
use crate::start;

#[tokio::test]
async fn it_signs_in_for_both_and_goes_on_without_one() -> Result<()> {
    let test = "it_signs_in_for_both_and_goes_on_without_one";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let first = lab.server(ServerOptions::new()).await?;
    let second = lab.server(ServerOptions::new()).await?;
    let sockets = [first.socket(), second.socket()].map(|path| path.display().to_string());
    let mut program = start("two_servers", &sockets.each_ref().map(String::as_str))?;
    program.types("pass word\n").await?;
    program.sees("serving").await?;

    let (alice, mut signs_in) = client(&lab, &first, "").await?;
    types(&mut signs_in, "nonsense").await?;
    program.sees(&format!("{} (1): al ice denied: wrong password, sent", sockets[0])).await?;
    drop(alice);

    drop(first);
    let (_bob, mut signs_in) = client(&lab, &second, "").await?;
    types(&mut signs_in, "pass word").await?;
    program.sees(&format!("{} (1): al ice allowed, sent", sockets[1])).await?;
    signs_in.expect("CONNECTED,SUCCESS").await?;

    drop(program.take_input()?);
    let end = program.ends().await?;
    end.succeeded().shows("ended in good order; 0 were denied because of that");
    for secret in ["nonsense", "pass word"] {
        assert!(!end.output.contains(secret), "{}", end.output);
    }
    Ok(())
}

//! Asks for a client daemon of the user's.

use anyhow::{Context as _, Result};
use openvpn_mgmt::{Builder, Secret, StateName};
use program_common::screen::show;
use zeroize::Zeroizing;

use crate::login::Login;
use crate::questions::Questions;
use crate::{Args, in_time};

pub(crate) async fn run(args: &Args, address: &str, questions: Questions) -> Result<()> {
    let session = builder(args)?.connect(address).await?;
    let typed = questions.are_typed();
    let mut login = Login::open(session, questions).await?;
    if login.client.state().await?.name != StateName::Connected {
        in_time(args, typed, login.connected()).await?;
    }
    show("tunnel CONNECTED");
    if args.once {
        return Ok(());
    }
    show("answering until the daemon ends; Ctrl-C leaves it");
    login.ended().await
}

fn builder(args: &Args) -> Result<Builder> {
    let Some(file) = &args.password_file else { return Ok(Builder::new()) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the password file {}", file.display()))?;
    let text = Zeroizing::new(text);
    let password = Secret::from(text.lines().next().unwrap_or_default());
    Ok(Builder::new().password(password))
}

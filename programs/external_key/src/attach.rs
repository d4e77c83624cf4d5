//! Signs for a client daemon of the user's.

use anyhow::{Context as _, Result};
use openvpn_mgmt::{Builder, Secret, StateName};
use program_common::screen::show;
use zeroize::Zeroizing;

use crate::key::Key;
use crate::tunnel::Tunnel;
use crate::{Args, in_time};

pub(crate) async fn run(args: &Args, address: &str) -> Result<()> {
    let file = args.private_key.as_ref().context("--private-key is missing")?;
    let key = Key::read(file)?;
    let certificate = args.certificate.as_ref().map(|file| {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    });
    let certificate = certificate.transpose()?;
    if let Some(certificate) = &certificate {
        key.check_belongs_to(certificate)?;
    }
    let session = builder(args)?.connect(address).await?;
    show(format!("{address}: a {} key", key.name()));
    let mut tunnel = Tunnel::open(session, key, certificate, args.announce).await?;
    if tunnel.client.state().await?.name != StateName::Connected {
        in_time(args, tunnel.connected()).await?;
    }
    show("tunnel CONNECTED");
    if args.once {
        return Ok(());
    }
    show("signing until the daemon ends; Ctrl-C leaves it without a key");
    tunnel.ended().await
}

fn builder(args: &Args) -> Result<Builder> {
    let Some(file) = &args.password_file else { return Ok(Builder::new()) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the password file {}", file.display()))?;
    let text = Zeroizing::new(text);
    let password = Secret::from(text.lines().next().unwrap_or_default());
    Ok(Builder::new().password(password))
}

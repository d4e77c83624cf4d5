//! What a client says of itself is not taken for what the daemon says of it.

use anyhow::{Result, ensure};
use openvpn_mgmt::events::Env;
use openvpn_mgmt::{EnvFilter, ReplyShape};

use crate::daemon::{Daemon, serving};
use crate::hostile::{LIAR, hostile};
use crate::patient::{self, comes};
use lab::{ClientOptions, Lab, Process, Raw, skip};

/// A server whose last manager has set a filter, and has left.
async fn filtered(lab: &Lab) -> Result<Process> {
    let server = lab.server(patient::server()).await?;
    let mut manager = Raw::connect(server.socket()).await?;
    manager.ask("env-filter 2", "SUCCESS: env_filter_level=2").await?;
    manager.send("quit").await?;
    Ok(server)
}

async fn attach(server: Process) -> Result<Daemon> {
    let mut server = Daemon::attach(server).await?;
    server.release().await?;
    server.connected().await?;
    Ok(server)
}

/// What the server is told of a client that comes with these options.
async fn env_of(lab: &Lab, server: &mut Daemon, options: &ClientOptions) -> Result<Env> {
    let _client = comes(lab, options.clone(), "mallory").await?;
    let peer = server.connect().await?;
    let env = peer.env().clone();
    peer.deny("seen enough", None).await?;
    Ok(env)
}

fn is_mallory(env: &Env) -> Result<()> {
    ensure!(env.is_trusted(), "not trusted: {env:?}");
    assert_eq!(env.common_name()?, Some("mallory".into()));
    assert_eq!(env.username()?, Some("mallory".into()));
    assert!(env.untrusted_ip()?.is_some());
    assert_eq!(env.x509(0, "CN")?, Some("mallory".into()));
    Ok(())
}

fn is_nobody(env: &Env) -> Result<()> {
    ensure!(!env.is_trusted(), "trusted: {env:?}");
    let known = [
        ("common_name", env.common_name().is_ok()),
        ("username", env.username().is_ok()),
        ("password", env.password().is_ok()),
        ("session_id", env.session_id().is_ok()),
        ("session_state", env.session_state().is_ok()),
        ("untrusted_ip", env.untrusted_ip().is_ok()),
        ("untrusted_addr", env.untrusted_addr().is_ok()),
        ("trusted_ip", env.trusted_ip().is_ok()),
        ("trusted_port", env.trusted_port().is_ok()),
        ("x509", env.x509(0, "CN").is_ok()),
        ("tls_serial", env.tls_serial(0).is_ok()),
        ("time_unix", env.time_unix().is_ok()),
    ];
    let told: Vec<_> = known.iter().filter(|(_, known)| *known).map(|(name, _)| *name).collect();
    ensure!(told.is_empty(), "told as if it were so: {told:?}");
    // What it says of itself is as good as ever.
    ensure!(env.iv_ver().is_some(), "no IV_VER: {env:?}");
    Ok(())
}

#[tokio::test]
async fn a_filter_that_another_manager_left_is_taken_off() -> Result<()> {
    let lab = serving!("a_filter_that_another_manager_left_is_taken_off");
    let mut server = attach(filtered(&lab).await?).await?;
    let options = patient::client(&server.process).common_name("mallory").line("push-peer-info");
    is_mallory(&env_of(&lab, &mut server, &options).await?)?;
    for (filter, line) in
        [(EnvFilter::Minimal, "env-filter 2"), (EnvFilter::Reduced, "env-filter 1")]
    {
        server.client.env_filter(filter).await?;
        is_nobody(&env_of(&lab, &mut server, &options).await?)?;
        server.client.env_filter(EnvFilter::All).await?;
        is_mallory(&env_of(&lab, &mut server, &options).await?)?;
        server.client.raw_command(line, ReplyShape::Line).await?;
        is_nobody(&env_of(&lab, &mut server, &options).await?)?;
    }
    server.client.env_filter(EnvFilter::All).await?;
    is_mallory(&env_of(&lab, &mut server, &options).await?)
}

#[tokio::test]
async fn the_name_that_a_client_claims_is_not_its_common_name() -> Result<()> {
    const NAME: &str = "the_name_that_a_client_claims_is_not_its_common_name";
    let lab = serving!("the_name_that_a_client_claims_is_not_its_common_name");
    let Some(liar) = hostile(&lab, LIAR)? else {
        skip(NAME, &"this OpenVPN does not name its platform as expected");
        return Ok(());
    };
    let mut server = attach(filtered(&lab).await?).await?;
    let options = patient::client(&server.process).common_name("mallory").program(&liar);
    let claims = |env: &Env| env.get_all("common_name").any(|name| name == "a");
    let env = env_of(&lab, &mut server, &options).await?;
    ensure!(!claims(&env), "{env:?}");
    is_mallory(&env)?;
    server.client.env_filter(EnvFilter::Minimal).await?;
    let env = env_of(&lab, &mut server, &options).await?;
    // It does lie, and there is no other name.
    ensure!(claims(&env) && env.get_all("common_name").count() == 1, "{env:?}");
    is_nobody(&env)?;
    server.client.env_filter(EnvFilter::All).await?;
    is_mallory(&env_of(&lab, &mut server, &options).await?)
}

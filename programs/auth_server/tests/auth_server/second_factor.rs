//! `auth_server` on a real server: the second factor, over renewals and restarts.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::{ClientOptions, KeyKind, Lab, Management, Port, Process, Program, Raw, ServerOptions};
use nix::sys::signal::Signal;
use totp_rs::TOTP;

use super::{PROGRAM, new_user, write_private};

const PASSWORD: &str = "pass word";
/// The client says that its user can be asked.
const CR_TEXT: &str = "setenv IV_SSO crtext";
const QUESTION: &str = ">INFOMSG:CR_TEXT:R,E:Code";

/// A server, a user, and the program that decides about its clients.
struct Setup {
    // Dropped before the lab.
    server: Process,
    users: PathBuf,
    totp: TOTP,
    lab: Lab,
}

impl Setup {
    async fn new(test: &str, options: ServerOptions) -> Result<Option<Self>> {
        let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(None) };
        let users = lab.dir().join("users.toml");
        let user = new_user("alice", PASSWORD).await?;
        write_private(&users, &user)?;
        let server = lab.server(options).await?;
        Ok(Some(Self { server, users, totp: totp(&user)?, lab }))
    }

    /// Starts the program, and waits until it is connected.
    async fn open(&self) -> Result<Program> {
        let [socket, users] = [self.server.socket(), &self.users].map(|path| path.display());
        let arguments = ["--connect", &socket.to_string(), "--users", &users.to_string()];
        let mut program = Program::start(PROGRAM, &arguments, Stdio::null())?;
        program.sees("1 users").await?;
        Ok(program)
    }

    /// Starts a client, at a port of its own or any, and has it connect.
    async fn client(&self, name: &str, port: Option<&Port>, lines: &str) -> Result<(Process, Raw)> {
        let version = self.lab.daemon().version();
        let identity = self.lab.identity("alice", &KeyKind::Ec)?;
        let options = ClientOptions::to(&self.server).auth_retry_interact().line(lines);
        let socket = self.lab.dir().join(format!("{name}.sock"));
        let bind = port.map(|port| format!("bind\nlport {}\n", port.number()));
        let bind = bind.unwrap_or_else(|| "nobind\n".to_owned());
        let config = options.config(self.lab.dir(), &identity, version).replace("nobind\n", &bind);
        let config = format!("{config}management \"{}\" unix\n", socket.display());
        let process = self.lab.start(name, &config, Management::Unix(socket), None).await?;
        let mut raw = Raw::connect(process.socket()).await?;
        raw.ask("state on", "SUCCESS:").await?;
        raw.ask("hold off", "SUCCESS: hold flag").await?;
        raw.ask("hold release", "SUCCESS: hold release").await?;
        Ok((process, raw))
    }

    /// The code that is shown so many steps from now.
    fn code(&self, steps: u64) -> Result<String> {
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        Ok(self.totp.generate(now + 30 * steps))
    }
}

fn totp(user: &str) -> Result<TOTP> {
    let table: toml::Table = user.parse()?;
    let secret = table.get("alice").and_then(|user| user.get("totp")?.as_str());
    let secret = secret.context("there is no secret")?;
    let secret = totp_rs::Secret::Encoded(secret.to_owned()).to_bytes();
    Ok(TOTP::new(totp_rs::Algorithm::SHA1, 6, 1, 30, secret.ok().context("is not base32")?)?)
}

async fn types_password(client: &mut Raw) -> Result<()> {
    types(client, PASSWORD).await
}

async fn types(client: &mut Raw, password: &str) -> Result<()> {
    client.expect(">PASSWORD:Need 'Auth'").await?;
    client.ask("username Auth alice", "SUCCESS: 'Auth' username").await?;
    client.ask(&format!("password Auth \"{password}\""), "SUCCESS: 'Auth' password").await?;
    Ok(())
}

/// Types the password, and gives the response to the `CRV1` that comes.
async fn is_challenged(client: &mut Raw, code: &str) -> Result<String> {
    types_password(client).await?;
    let line = client.expect("['CRV1:R,E:").await?;
    let challenge = line.split_once("CRV1:R,E:").context("there is no challenge")?.1;
    let state = challenge.split(':').next().context("there is no state ID")?;
    Ok(format!("CRV1::{state}::{code}"))
}

/// Waits for the question of a `CR_TEXT`, and answers it.
async fn is_asked(client: &mut Raw, code: &str) -> Result<()> {
    client.expect(QUESTION).await?;
    let response = format!("cr-response {}", STANDARD.encode(code));
    client.ask(&response, "SUCCESS:").await?;
    Ok(())
}

/// A new client from the address and port of one that is in comes as a renewal of it.
#[tokio::test]
async fn a_renewal_after_cr_text_asks_for_a_code_again() -> Result<()> {
    let test = "a_renewal_after_cr_text_asks_for_a_code_again";
    let Some(setup) = Setup::new(test, ServerOptions::new()).await? else { return Ok(()) };
    let mut program = setup.open().await?;
    let port = Port::reserve()?;
    let (mut first, mut typed) = setup.client("first", Some(&port), CR_TEXT).await?;
    types_password(&mut typed).await?;
    is_asked(&mut typed, &setup.code(0)?).await?;
    typed.expect("CONNECTED,SUCCESS").await?;
    program.sees("alice connects: let in: password and code (CR_TEXT) are right").await?;

    // It leaves without a word.
    first.kill();
    let (_second, mut typed) = setup.client("second", Some(&port), CR_TEXT).await?;
    types_password(&mut typed).await?;
    tokio::select! {
        asked = typed.expect(QUESTION) => asked.map(drop),
        seen = program.sees("alice renews its keys: ") => {
            seen?;
            bail!("decided by the password alone: {:?}", program.seen().last())
        }
    }
}

#[tokio::test]
async fn each_renewal_after_cr_text_takes_a_new_code() -> Result<()> {
    let test = "each_renewal_after_cr_text_takes_a_new_code";
    let Some(setup) = Setup::new(test, ServerOptions::new()).await? else { return Ok(()) };
    let mut program = setup.open().await?;
    // Renewed by packets, which leaves both sides their time to answer.
    let lines = format!("{CR_TEXT}\npull-filter ignore ping\nping 1\nreneg-pkts 3");
    let (_client, mut typed) = setup.client("client", None, &lines).await?;
    types_password(&mut typed).await?;
    is_asked(&mut typed, &setup.code(0)?).await?;
    typed.expect("CONNECTED,SUCCESS").await?;
    let code = setup.code(1)?;
    is_asked(&mut typed, &code).await?;
    program.sees("alice renews its keys: let in: password and code (CR_TEXT) are right").await?;
    is_asked(&mut typed, &code).await?;
    // The daemon does not always tell a client that its renewal was denied.
    program.sees("alice renews its keys: denied: wrong code, or one that was used before").await?;
    Ok(())
}

#[tokio::test]
async fn a_restart_forgets_neither_sessions_nor_codes() -> Result<()> {
    let test = "a_restart_forgets_neither_sessions_nor_codes";
    let Some(setup) = Setup::new(test, ServerOptions::new()).await? else { return Ok(()) };
    let mut program = setup.open().await?;
    let port = Port::reserve()?;
    // Denied by a challenge, a client at the same port would have to wait.
    let code = setup.code(0)?;
    let (_asked, mut typed) = setup.client("asked", None, "").await?;
    let response = is_challenged(&mut typed, &code).await?;
    let (mut first, mut typed) = setup.client("first", Some(&port), "").await?;
    types(&mut typed, &response).await?;
    typed.expect("CONNECTED,SUCCESS").await?;
    program.sees("alice connects: let in: password and code (CRV1) are right").await?;
    assert_eq!(program.stop(Signal::SIGTERM).await?.status.code(), Some(143));

    let mut program = setup.open().await?;
    // What the client sends at a renewal.
    first.kill();
    let (_second, mut typed) = setup.client("second", Some(&port), "").await?;
    types(&mut typed, &response).await?;
    program.sees("alice renews its keys: let in: the session goes on").await?;

    let (_third, mut typed) = setup.client("third", None, "").await?;
    let response = is_challenged(&mut typed, &code).await?;
    types(&mut typed, &response).await?;
    program.sees("alice connects: denied: wrong code, or one that was used before").await?;
    Ok(())
}

#[tokio::test]
async fn a_token_is_good_after_a_restart() -> Result<()> {
    let options = ServerOptions::new().line("auth-gen-token 0 external-auth");
    let setup = Setup::new("a_token_is_good_after_a_restart", options).await?;
    let Some(setup) = setup else { return Ok(()) };
    let mut program = setup.open().await?;
    let (_client, mut typed) = setup.client("client", None, CR_TEXT).await?;
    types_password(&mut typed).await?;
    is_asked(&mut typed, &setup.code(0)?).await?;
    typed.expect("CONNECTED,SUCCESS").await?;
    program.sees("alice connects: let in").await?;
    assert_eq!(program.stop(Signal::SIGINT).await?.status.code(), Some(130));

    let mut program = setup.open().await?;
    typed.ask("signal SIGUSR1", "SUCCESS:").await?;
    program.sees("alice connects: let in: the session goes on").await?;
    typed.expect("CONNECTED,SUCCESS").await?;
    Ok(())
}

#[tokio::test]
async fn who_waits_when_it_is_stopped_is_denied() -> Result<()> {
    let test = "who_waits_when_it_is_stopped_is_denied";
    let Some(setup) = Setup::new(test, ServerOptions::new()).await? else { return Ok(()) };
    let mut program = setup.open().await?;
    let (_client, mut typed) = setup.client("client", None, CR_TEXT).await?;
    types_password(&mut typed).await?;
    typed.expect(QUESTION).await?;
    program.signal(Signal::SIGTERM)?;
    program.sees("ends: 0 who waited were decided about, 1 denied").await?;
    assert_eq!(program.ends().await?.status.code(), Some(143));
    Ok(())
}

#[tokio::test]
async fn users_that_others_may_read_are_refused() -> Result<()> {
    let test = "users_that_others_may_read_are_refused";
    let Some(setup) = Setup::new(test, ServerOptions::new()).await? else { return Ok(()) };
    std::fs::set_permissions(&setup.users, Permissions::from_mode(0o644))?;
    let Err(refused) = setup.open().await else { bail!("it runs") };
    assert!(refused.to_string().contains("is not in the output"), "{refused}");
    Ok(())
}

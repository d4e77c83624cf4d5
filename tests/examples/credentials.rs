//! `credentials`, beside a client whose server wants this or that.

use anyhow::Result;
use lab::{ClientOptions, End, KeyKind, Lab, Process, Program, ServerOptions};
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::{Secret, connect};
use tokio::task::JoinSet;

use crate::start;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
const PASSWORD: &str = "open sesame";
const CODE: &str = "123456";
const WRONG: &str = "b4d-gu3ss";

/// Has its user named like what the server is to want: a code by CRV1, by `CR_TEXT` or with the password.
async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let way = attempt.username()?.map(|name| name.to_string()).unwrap_or_default();
    let is = |given: &Secret, right: &str| *given == Secret::from(right);
    let by_code = |code: &Secret| if is(code, CODE) { Decision::Allow } else { refuse() };
    Ok(match attempt.password()? {
        Some(ClientPassword::Plain(password)) if is(&password, PASSWORD) => match way.as_str() {
            "dynamic" => Decision::Challenge(Crv1::new("state", "dynamic", "Code, please")?),
            "pending" => by_code(&attempt.ask("Code, please", false, HOUR).await?),
            _ => Decision::Allow,
        },
        Some(ClientPassword::Dynamic { response, .. }) => by_code(&response),
        Some(ClientPassword::Static { password, response, .. }) if is(&password, PASSWORD) => {
            by_code(&response)
        }
        _ => refuse(),
    })
}

fn refuse() -> Decision {
    Decision::deny_with("wrong", "that is wrong")
}

/// The example at a client of its own, with a server that decides.
struct Example {
    program: Program,
    client: Process,
    _server: Process,
    // Ends with the server.
    _deciding: JoinSet<()>,
}

impl Example {
    async fn new(
        lab: &Lab,
        server: ServerOptions,
        options: impl FnOnce(ClientOptions) -> ClientOptions,
        answers: &[&str],
    ) -> Result<Self> {
        let server = lab.server(server).await?;
        let (_, _, requests) = connect(server.socket()).await?.split();
        let mut deciding = JoinSet::new();
        deciding.spawn(async move { drop(AuthServer::new(decide).run(requests).await) });
        let client = lab.client(options(ClientOptions::to(&server))).await?;
        let mut program = start("credentials", &[&client.socket().display().to_string()])?;
        program.types(&(answers.join("\n") + "\n")).await?;
        Ok(Self { program, client, _server: server, _deciding: deciding })
    }

    /// Waits until the client is in, and ends it; no answer may be in what was printed.
    async fn gets_in(mut self) -> Result<End> {
        self.program.sees("CONNECTED").await?;
        drop(self.client);
        let end = self.program.ends().await?;
        end.succeeded().shows("the connection ended: ");
        for secret in [PASSWORD, CODE, WRONG] {
            assert!(!end.output.contains(secret) && !end.errors.contains(secret), "{end:?}");
        }
        Ok(end)
    }
}

#[tokio::test]
async fn a_wrong_password_is_asked_for_again() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_wrong_password_is_asked_for_again")? else {
        return Ok(());
    };
    let answers = ["plain", WRONG, "plain", PASSWORD];
    let end = Example::new(&lab, ServerOptions::new(), |to| to, &answers).await?.gets_in().await?;
    end.shows("User name: ").shows("Password: ").shows("not accepted: that is wrong");
    Ok(())
}

#[tokio::test]
async fn every_kind_of_challenge_is_answered() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("every_kind_of_challenge_is_answered")? else {
        return Ok(());
    };
    let answers = ["dynamic", PASSWORD, WRONG, "dynamic", PASSWORD, CODE];
    let dynamic = Example::new(&lab, ServerOptions::new(), |to| to, &answers).await?;
    dynamic.gets_in().await?.shows("Code, please: ").shows("not accepted: that is wrong");

    let answers = ["pending", PASSWORD, CODE];
    let can = |to: ClientOptions| to.line("setenv IV_SSO crtext");
    Example::new(&lab, ServerOptions::new(), can, &answers)
        .await?
        .gets_in()
        .await?
        .shows("Code, please: ");

    let answers = ["static", PASSWORD, CODE];
    let has = |to: ClientOptions| to.static_challenge("Code, please", true);
    Example::new(&lab, ServerOptions::new(), has, &answers)
        .await?
        .gets_in()
        .await?
        .shows("Code, please: ");
    Ok(())
}

#[tokio::test]
async fn the_password_of_a_private_key_is_asked_for() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("the_password_of_a_private_key_is_asked_for")? else {
        return Ok(());
    };
    let server = ServerOptions::new().without_client_auth();
    let encrypted = |to: ClientOptions| {
        to.without_auth_user_pass().key(KeyKind::Encrypted(PASSWORD.to_owned()))
    };
    let end = Example::new(&lab, server, encrypted, &[WRONG, PASSWORD]).await?.gets_in().await?;
    end.shows("Password of 'Private Key': ");
    Ok(())
}

#[tokio::test]
async fn it_ends_with_its_input() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("it_ends_with_its_input")? else { return Ok(()) };
    let asked = Example::new(&lab, ServerOptions::new(), |to| to, &["plain"]).await?;
    let end = asked.program.ends().await?;
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    Ok(())
}

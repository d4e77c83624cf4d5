//! `challenge`, and who is not its user.

use anyhow::Result;
use lab::{ClientOptions, Lab, ServerOptions, within};
use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Responder, ResponsePrompt,
};
use openvpn_mgmt::{Secret, connect};

use crate::start;

/// Types another name, with all that is right of the user.
struct Mallory;

impl CredentialsProvider for Mallory {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let [username, password, response] = ["mallory", "open sesame", "123456"].map(Secret::from);
        Ok(Some(CredentialsAnswer { username, password, response }))
    }

    async fn response(&self, _: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some("123456".into()))
    }
}

#[tokio::test]
async fn another_name_is_denied_however_it_comes_by_its_code() -> Result<()> {
    let test = "another_name_is_denied_however_it_comes_by_its_code";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut program = start("challenge", &[&server.socket().display().to_string()])?;
    let to = || ClientOptions::to(&server);
    let ways = [to().static_challenge("Your code", true), to(), to().line("setenv IV_SSO crtext")];
    for options in ways {
        let client = lab.client(options).await?;
        let (_client, _, requests) = connect(client.socket()).await?.split();
        let answering = tokio::spawn(Responder::new().credentials(Mallory).run(requests));
        let said = program.sees("alice: ").await?;
        assert!(said.ends_with("denied"), "{said}");
        // A client that is denied exits, and its session ends with it.
        within("end of the client's session", answering).await??;
    }
    drop(server);
    let end = program.ends().await?;
    end.succeeded().shows("the connection ended: ");
    assert_eq!(end.output.matches("alice: ").count(), 3, "{end:?}");
    Ok(())
}

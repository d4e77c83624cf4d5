//! A client that is handed pages, tokens and challenges; its daemon is scripted.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::clients::Setup;
use crate::observed::secret;

#[tokio::test]
async fn a_page() -> Result<()> {
    let mut setup = Setup::new("a_page").await?;
    let (link, password, unknown) = (secret(), secret(), secret());
    let secrets = [link, password.clone(), STANDARD.encode(password), unknown];
    let proxy = format!("proxy=p.example.com;8080;dXNlcg==;{}", secrets[2]);
    let asks = format!(">INFOMSG:WEB_AUTH:{proxy},{}:https://x/{}\r\n", secrets[3], secrets[0]);
    setup.daemon.says(asks).await;
    setup.program.holds("page", &secrets).await?;
    setup.program.forgets("page", &secrets).await?;

    let secrets = [secret()];
    setup.daemon.says(format!(">INFOMSG:OPEN_URL:https://x/{}\r\n", secrets[0])).await;
    setup.program.holds("page", &secrets).await?;
    setup.program.forgets("page", &secrets).await
}

#[tokio::test]
async fn a_token() -> Result<()> {
    let mut setup = Setup::new("a_token").await?;
    let secrets = [secret()];
    setup.daemon.says(format!(">PASSWORD:Auth-Token:{}\r\n", secrets[0])).await;
    setup.program.holds("token", &secrets).await?;
    setup.program.forgets("token", &secrets).await
}

#[tokio::test]
async fn a_challenge() -> Result<()> {
    let mut setup = Setup::new("a_challenge").await?;
    let secrets = [secret()];
    let challenge = format!("CRV1:R,E:{}:dQ==:PIN", secrets[0]);
    setup.daemon.says(format!(">PASSWORD:Verification Failed: 'Auth' ['{challenge}']\r\n")).await;
    setup.daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    setup.program.holds("challenge", &secrets).await?;
    setup.daemon.answers("username", "SUCCESS: 'Auth' username entered\r\n").await;
    let answer = setup.daemon.answers("password", "SUCCESS: 'Auth' password entered\r\n").await;
    assert!(answer.contains(&format!("CRV1::{}::42", secrets[0])), "{answer}");
    setup.program.forgets("challenge", &secrets).await
}

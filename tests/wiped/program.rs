//! The program under test: it answers what a daemon asks, and shows nobody what it was given.

use std::io::{BufRead as _, Write as _};

use openvpn_mgmt::{Builder, ClientRequest, Event, Item, PendingAuth, Request, Result, Session};

use crate::observed::{PATIENCE, SOCKET};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other tests start it"]
async fn answers() {
    let Ok(socket) = std::env::var(SOCKET) else { return };
    let builder = Builder::new().command_timeout(PATIENCE).reply_timeout(PATIENCE);
    let session = builder.greeting_timeout(PATIENCE).connect(socket.as_str()).await.unwrap();
    // One that never reads has every event kept for it.
    let _idle = session.client().subscribe();
    tell("connected");
    serve(session).await.unwrap();
    tell("ended");
}

async fn serve(mut session: Session) -> Result<()> {
    while let Some(item) = session.next().await {
        match item.expect("no event is lost") {
            Item::Event(Event::Log(log)) => tell(&format!("log {}", log.text)),
            Item::Request(request) => answer(request).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn answer(request: Request) -> Result<()> {
    match request {
        Request::Hold(hold) => hold.release().await?,
        Request::ClientConnect(client) => connect(client).await?,
        Request::ClientReauth(client) => {
            holds("client");
            client.allow_with(["push \"echo again\""]).await?;
        }
        Request::ClientResponse(response) => {
            let given = response.response().expect("it is base64");
            holds("response");
            response.allow().await?;
            drop(given);
        }
        Request::Credentials(ask) if ask.challenge().is_some() => {
            holds("challenge");
            ask.respond("42").await?;
        }
        Request::Credentials(ask) => ask.answer("alice", "typed").await?,
        Request::WebAuth(page) => {
            holds("page");
            page.decline();
        }
        Request::AuthToken(token) => {
            holds("token");
            drop(token);
        }
        other => panic!("{other:?}"),
    }
    tell("over");
    Ok(())
}

/// The user name says what is to become of the client.
async fn connect(client: ClientRequest) -> Result<()> {
    let password = client.password();
    let username = client.username().expect("it is trusted").unwrap_or_default();
    holds("client");
    match username.to_str() {
        Ok("denied") => client.deny("no", Some("No.")).await,
        Ok("leaves") => {
            client.withdrawn().await;
            Ok(())
        }
        Ok("asked") => {
            let text = PendingAuth::cr_text("Code", false);
            client.pending(&text, PATIENCE).await.map(drop)
        }
        _ => {
            assert!(password.expect("it can be read").is_some());
            client.allow().await
        }
    }
}

/// Tells that it has the secrets of a request, and goes on when it is told to.
pub fn holds(what: &str) {
    tell(&format!("holds {what}"));
    tokio::task::block_in_place(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).unwrap();
        assert_eq!(line, "go on\n");
    });
}

pub fn tell(what: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "at: {what}").unwrap();
    output.flush().unwrap();
}

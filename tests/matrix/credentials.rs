//! What a client is asked for before it connects.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::events::{Event, Password, Realm};
use openvpn_mgmt::{Builder, Error, Secret, StateName};
use rand::Rng as _;

use crate::support::{Connection, Fixture, Peer, matchers};
use lab::{ClientOptions, DEADLINE, KeyKind, ServerOptions};

/// Every byte that is no control byte: quotes, backslashes, `#`, `;`, blanks, 0x80 and above.
fn hard_bytes(len: usize) -> Vec<u8> {
    const HARDEST: &[u8] = b"\"\\'#; \xff\x80\xc3";
    let mut random = rand::rng();
    let mut byte = || match random.random_range(0..3) {
        0 => HARDEST[random.random_range(0..HARDEST.len())],
        1 => random.random_range(0x80..=0xff),
        _ => random.random_range(0x20..0x7f),
    };
    (0..len).map(|_| byte()).collect()
}

async fn arrives(
    server: &mut Connection,
    client: &mut Connection,
    username: &[u8],
    password: &[u8],
) -> Peer {
    client.log_in(username, password).await;
    let peer = server.next_client().await;
    let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let got = peer.env.username().unwrap().expect("a user name");
    assert_eq!(shown(got.as_bytes()), shown(username));
    let got = peer.env.password().unwrap().expect("a password");
    assert_eq!(shown(got.expose()), shown(password));
    peer
}

#[tokio::test]
async fn hard_bytes_arrive_as_they_are() -> Result<()> {
    let Some(fixture) = Fixture::serving("hard_bytes_arrive_as_they_are")? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    // The first letters are those that a lexer looks at; the last has the greatest length.
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = ["#1", "; verb 7", " \" ", "\\", "'", "\\\\\"\\"]
        .iter()
        .map(|start| ([start.as_bytes(), b"u"].concat(), [start.as_bytes(), b"p"].concat()))
        .collect();
    pairs.push((hard_bytes(40), hard_bytes(60)));
    pairs.push((hard_bytes(127), hard_bytes(127)));
    pairs.push((hard_bytes(256), hard_bytes(256)));
    let mut clients = Vec::new();
    for (username, password) in pairs {
        let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
        client.release().await;
        arrives(&mut server, &mut client, &username, &password).await;
        clients.push(client);
    }
    for client in &clients {
        client.is_in_step().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_password_of_over_256_bytes_goes_as_a_block() -> Result<()> {
    let name = "a_password_of_over_256_bytes_goes_as_a_block";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let mut client = fixture.client(ClientOptions::to(&server.daemon)).await?;
    let long = hard_bytes(1000);
    let command = "password (over 256 bytes)";
    if client.client.management_version() < 6 {
        let password = Secret::from(long);
        client.unsupported(command, async |c| c.password("Auth", password).await).await;
        return Ok(());
    }
    let early = client.client.password("Auth", long.clone());
    client.refused(command, early).await;
    client.release().await;
    client.until("a prompt", matchers::need_user_pass).await;
    client.answered("username", client.client.username("Auth", "alice")).await;
    client.answered(command, client.client.password("Auth", long.clone())).await;
    let peer = server.next_client().await;
    assert_eq!(peer.env.password().unwrap().map(|password| password.len()), Some(long.len()));
    assert_eq!(peer.env.password(), Ok(Some(Secret::from(long))));
    server.admit(&peer).await;
    client.connected().await;
    client.invalid(client.client.password("Auth", vec![b'x'; 4096])).await;
    Ok(())
}

#[tokio::test]
async fn a_static_challenge_is_answered_with_the_password() -> Result<()> {
    let name = "a_static_challenge_is_answered_with_the_password";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.daemon).static_challenge("Enter the token: now", true);
    let mut client = fixture.client(options).await?;
    client.release().await;
    let asked = client.until("a prompt with a challenge", |event| match event {
        Event::Password(Password::NeedUserPass { challenge, .. }) => challenge.clone(),
        _ => None,
    });
    let asked = asked.await;
    assert_eq!(asked.text, "Enter the token: now");
    assert!(asked.echo() && !asked.concat());
    let answer = format!("SCRV1:{}:{}", STANDARD.encode("pass:word"), STANDARD.encode("123 456"));
    client.answered("username", client.client.username("Auth", "alice")).await;
    client.answered("password", client.client.password("Auth", answer.clone())).await;
    let peer = server.next_client().await;
    assert_eq!(peer.env.password(), Ok(Some(answer.into())));
    server.admit(&peer).await;
    client.connected().await;
    Ok(())
}

#[tokio::test]
async fn an_encrypted_key_needs_the_right_password() -> Result<()> {
    let name = "an_encrypted_key_needs_the_right_password";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let server = ServerOptions::new().without_client_auth();
    let server = fixture.serving_server(server).await?;
    let key = KeyKind::Encrypted("pass \"phrase\"".to_owned());
    let options = ClientOptions::to(&server.daemon).key(key).without_auth_user_pass();
    let mut client = fixture.client(options.line("auth-retry interact")).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;

    let realm = client.until("a prompt", matchers::need_password).await;
    assert_eq!(realm, Realm::PrivateKey);
    let text = client.refused("password", client.client.password("Auth", "x")).await;
    assert!(text.contains("Private Key"), "{text}");
    client.answered("password", client.client.password("Private Key", "wrong")).await;
    // OpenVPN 2.7 restarts without a word of its own, and so do older ones now and then: one wrong
    // password in some hundred gives a padding that looks right.
    let told = client.until("the failure", |event| match event {
        Event::Password(Password::VerificationFailed { realm, .. }) => Some(realm.clone()),
        Event::State(state) => {
            let why = state.detail()?;
            (why == "private-key-password-failure").then_some(Realm::PrivateKey)
        }
        _ => None,
    });
    assert_eq!(told.await, Realm::PrivateKey);
    client.until("the next prompt", matchers::need_password).await;
    let right = client.client.password("Private Key", "pass \"phrase\"");
    client.answered("password", right).await;
    client.connected().await;
    Ok(())
}

#[tokio::test]
async fn a_token_takes_the_place_of_the_password() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_token_takes_the_place_of_the_password")? else {
        return Ok(());
    };
    let mut server = fixture.serving_server(ServerOptions::new().line("auth-gen-token")).await?;
    let options = ClientOptions::to(&server.daemon);
    let mut client = fixture.client_without_requests(options).await?;
    client.release().await;
    client.log_in("alice", "secret").await;
    let peer = server.next_client().await;
    server.admit(&peer).await;
    let token = client.until("the token", |event| match event {
        Event::Password(Password::AuthToken(token)) => Some(token.clone()),
        _ => None,
    });
    assert!(token.await.expose_str().unwrap().starts_with("SESS_ID"));
    client.connected().await;
    client.answered("forget-passwords", client.client.forget_passwords()).await;
    client.is_in_step().await;
    Ok(())
}

#[tokio::test]
async fn a_user_name_alone_is_asked_for() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_user_name_alone_is_asked_for")? else { return Ok(()) };
    // From 2.7.1, with 2.7.2 the first that shows it by its management version.
    if !fixture.at_least(2, 7) {
        return Ok(());
    }
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let options = ClientOptions::to(&server.daemon).without_auth_user_pass();
    let mut client = fixture.client(options.line("auth-user-pass username-only")).await?;
    client.answered("version N", client.client.announce_version(4)).await;
    client.release().await;
    let realm = client.until("a prompt for a user name", |event| match event {
        Event::Password(Password::NeedUsername { realm, .. }) => Some(realm.clone()),
        _ => None,
    });
    assert_eq!(realm.await, Realm::Auth);
    client.answered("username", client.client.username("Auth", "alice")).await;
    let peer = server.next_client().await;
    assert_eq!(peer.env.username(), Ok(Some("alice".into())));
    server.admit(&peer).await;
    client.connected().await;
    Ok(())
}

#[tokio::test]
async fn the_management_socket_asks_for_its_password() -> Result<()> {
    let name = "the_management_socket_asks_for_its_password";
    let Some(fixture) = Fixture::new(name)? else { return Ok(()) };
    let options = || ClientOptions::new().management_password("let \"me\" in #1");
    let tcp = if fixture.lab.reaches_tcp() { options().management_tcp() } else { options() };
    let daemon = fixture.lab.client(tcp).await?;
    let right = Builder::new().password("let \"me\" in #1");
    let mut client = Connection::open(daemon, &right, fixture.version(), "conversation").await?;
    client.until("a hold", matchers::hold).await;
    client.next_manager(&right).await?;
    client.until("the hold, told again", matchers::hold).await;
    client.is_in_step().await;

    let daemon = fixture.lab.client(options()).await?;
    let patient = Builder::new().greeting_timeout(DEADLINE);
    let error = patient.connect(daemon.socket()).await.unwrap_err();
    assert!(matches!(error, Error::PasswordRequired), "{error}");
    let error = patient.password("wrong").connect(daemon.socket()).await.unwrap_err();
    assert!(matches!(error, Error::PasswordRejected), "{error}");
    let mut client = Connection::open(daemon, &right, fixture.version(), "conversation").await?;
    client.until("a hold", matchers::hold).await;
    assert_eq!(client.answered("state", client.client.state()).await.name, StateName::Connecting);
    Ok(())
}

//! A VPN client with a window: connect, sign in, show what happens, disconnect.
//!
//! # Start OpenVPN
//! ```text
//! openvpn --config client.ovpn --management /run/openvpn/client.sock unix \
//!     --management-hold --management-query-passwords
//! ```
//!
//! With the feature `process` a program starts it by itself, with a private socket. Which question comes when:
//!
//! | option | request |
//! | --- | --- |
//! | `management-hold` | [`Request::Hold`](crate::Request::Hold) |
//! | `auth-user-pass` | [`Request::Credentials`](crate::Request::Credentials) |
//! | `auth-user-pass` and `static-challenge TEXT ECHO` | the same, with a [challenge](crate::Challenge) |
//! | none: a server that asks for a second factor | the same again, with a challenge (`CRV1`), or [`Request::Challenge`](crate::Request::Challenge) (`CR_TEXT`) |
//! | none: a server that signs in on a page | [`Request::WebAuth`](crate::Request::WebAuth) |
//! | none: a server that gives a token | [`Request::AuthToken`](crate::Request::AuthToken) |
//! | a private key with a password, a PKCS#11 token with a PIN | [`Request::PrivateKeyPassword`](crate::Request::PrivateKeyPassword) |
//! | a PKCS#11 token that is not inserted | [`Request::NeedOk`](crate::Request::NeedOk) |
//! | `management-external-key pkcs1 pss` | [`Request::Sign`](crate::Request::Sign) |
//! | `management-external-cert HINT` | [`Request::Certificate`](crate::Request::Certificate) |
//! | `management-query-remote` | [`Request::Remote`](crate::Request::Remote) |
//! | `management-query-proxy`, without `management-query-remote` | [`Request::Proxy`](crate::Request::Proxy) |
//!
//! # The program
//! Two things go on at the same time: questions are answered, by a task that asks the user, and the window shows what
//! happens. [`Responder`](crate::handler::Responder) is the first; a loop over [`Events`](crate::Events) the second.
//!
//! ```
//! use std::time::Duration;
//!
//! use openvpn_mgmt::events::Event;
//! use openvpn_mgmt::handler::{
//!     BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Responder, WebAuthPrompt,
//! };
//! use openvpn_mgmt::{Session, StateName};
//!
//! struct Window;
//!
//! impl CredentialsProvider for Window {
//!     async fn credentials(
//!         &self,
//!         prompt: CredentialsPrompt,
//!     ) -> Result<Option<CredentialsAnswer>, BoxError> {
//!         if let Some(refusal) = &prompt.refusal {
//!             println!("That was wrong: {refusal:?}");
//!         }
//!         if let Some(challenge) = &prompt.challenge {
//!             println!("The server asks: {}", challenge.text());
//!         }
//!         // Here the window opens and waits. Where the daemon takes the request back, this future is dropped: close it then.
//!         Ok(Some(CredentialsAnswer {
//!             username: "al ice".into(),
//!             password: "s3cret".into(),
//!             response: "123456".into(),
//!         }))
//!     }
//!
//!     async fn web_auth(&self, prompt: WebAuthPrompt) -> Result<(), BoxError> {
//!         // Whoever has it can sign in: hand it to the browser, and to no log.
//!         let page = prompt.url.expose_str().ok_or("the page is no text")?;
//!         open_browser(page).await
//!     }
//! }
//! # async fn open_browser(_: &str) -> Result<(), BoxError> { Ok(()) }
//!
//! /// Shows one connection from its hold to its end.
//! async fn show(session: Session) -> openvpn_mgmt::Result<()> {
//!     let (client, mut events, requests) = session.split();
//!     tokio::spawn(Responder::new().credentials(Window).run(requests));
//!     client.state_on().await?;
//!     client.bytecount(Duration::from_secs(1)).await?;
//!     while let Some(event) = events.next().await {
//!         match event? {
//!             Event::State(state) => match &state.name {
//!                 StateName::Connected => println!("connected as {:?}", state.local_ipv4()),
//!                 StateName::Reconnecting => println!("reconnecting: {:?}", state.detail()),
//!                 name => println!("{name}"),
//!             },
//!             Event::ByteCount(count) => println!("{} in, {} out", count.bytes_in, count.bytes_out),
//!             _ => {}
//!         }
//!     }
//!     println!("it is over: {}", client.closed().await);
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! #     use openvpn_mgmt_test::{FakeDaemon, ServerAction};
//! #     let fake = FakeDaemon::v2_6().hold().query_passwords()
//! #         .expect("hold release").expect("username \"Auth\" \"al ice\"");
//! #     let shown = tokio::spawn(show(openvpn_mgmt::attach(fake.connect()?).await?));
//! #     fake.hears("password").await?;
//! #     fake.until(|daemon| daemon.now() > Duration::ZERO).await?;
//! #     while fake.server_does(&ServerAction::Admits).is_err() { tokio::task::yield_now().await; }
//! #     fake.with(|daemon| daemon.hangs_up());
//! #     shown.await??;
//! #     Ok(())
//! # }
//! ```
//!
//! # What it should know
//! - **The first events are not missed.** They wait in the `Events` and `Requests` that a session starts with; those of
//!   [`subscribe`](crate::Client::subscribe) begin when it is called.
//! - **A wrong password comes again as a request**, with [`refusal`](crate::CredentialsRequest::refusal): the window says so. By
//!   default OpenVPN ends instead; `auth-retry interact` ([`set_auth_retry`](crate::Client::set_auth_retry)) has it ask again.
//! - **Disconnecting** is [`signal(Signal::Sigterm)`](crate::Client::signal). The answer says that the daemon took it; the
//!   end of the events says that it has ended. Closing the session leaves the VPN up.
//! - **A stuck window does no harm**: events that nobody reads are lost, and counted
//!   ([`Lagged`](crate::Lagged)). The VPN goes on. With `event?` as above a lag ends the loop; a match on the result goes on.
//! - **An unreachable server** shows as `RECONNECTING` again and again, and with `management-hold` as a hold each time: the
//!   responder lets it go on after the pause that the daemon asks for.
//! - **Passwords** are [`Secret`](crate::Secret)s: wiped when dropped, never shown by `Debug`.
//!
//! More: `examples/vpn_client.rs` (this program at a terminal), `credentials.rs` (each request, by a loop of one's own), `web_auth.rs`,
//! `auth_token.rs`, `pkcs11.rs`, `sign.rs` and `remote.rs`; `programs/external_key` (keys that OpenVPN never sees).

//! A server that signs clients in: it decides who comes into a VPN, and with which addresses and routes.
//!
//! # Configure the server
//! | option | what it brings |
//! | --- | --- |
//! | `management-client-auth` | [`Request::ClientConnect`](crate::Request::ClientConnect) and [`ClientReauth`](crate::Request::ClientReauth): a decision about each client, and about each renewal of its keys |
//! | `auth-user-pass-optional` | clients without user name and password come, too: [`username`](crate::handler::Attempt::username) is `None` |
//! | `verify-client-cert none` | clients without a certificate; with `username-as-common-name` they are known by their user name |
//! | `auth-gen-token SECONDS external-auth` | tokens: renewals show a token in place of the password, and [`session_state`](crate::events::Env::session_state) says whether it is good |
//! | `auth-gen-token-secret FILE` | tokens that outlive a restart of the server |
//! | `hand-window SECONDS` | how long a client waits for your decision; 60 |
//!
//! # The program
//! [`AuthServer`](crate::handler::AuthServer) asks one function about each client, many at a time, and denies where that
//! fails, panics or is late:
//!
//! ```
//! use std::time::Duration;
//!
//! use openvpn_mgmt::PeerConfig;
//! use openvpn_mgmt::challenge::ClientPassword;
//! use openvpn_mgmt::handler::{Attempt, AttemptKind, BoxError, Decision};
//! use openvpn_mgmt::events::SessionState;
//!
//! async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
//!     // Renewals with a token of this server (`auth-gen-token … external-auth`).
//!     if attempt.kind() == AttemptKind::Reauth
//!         && attempt.env().session_state()? == Some(SessionState::Authenticated)
//!     {
//!         return Ok(Decision::Allow);
//!     }
//!     let Some(name) = attempt.username()? else { return Ok(Decision::deny("no user name")) };
//!     let Some(ClientPassword::Plain(password)) = attempt.password()? else {
//!         return Ok(Decision::deny_with("no password", "Wrong user name or password"));
//!     };
//!     if !is_right(name.as_bytes(), password.expose()).await {
//!         return Ok(Decision::deny_with("wrong password", "Wrong user name or password"));
//!     }
//!     // A second factor, for a client that can ask for it.
//!     if attempt.env().iv_sso().any(|method| method == "crtext") {
//!         let code = attempt.ask("Your code", true, Duration::from_secs(60)).await?;
//!         if code.expose() != b"123456" {
//!             return Ok(Decision::deny_with("wrong code", "Wrong code"));
//!         }
//!     }
//!     let routes = PeerConfig::new().directive("push \"route 10.1.0.0 255.255.0.0\"")?;
//!     Ok(Decision::AllowWith(routes))
//! }
//!
//! /// Against a hash of the password, by a well-kept library: `programs/auth_server` uses Argon2.
//! async fn is_right(name: &[u8], password: &[u8]) -> bool {
//!     name == b"alice" && password == b"s3cret"
//! }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! #     use openvpn_mgmt::handler::AuthServer;
//! #     let fake = openvpn_mgmt_test::FakeDaemon::v2_6().server()
//! #         .client_connects("alice", |client| client.password("s3cret"))
//! #         .client_connects("mallory", |client| client.with("alice", "guess"));
//! #     let (_client, _events, requests) = openvpn_mgmt::attach(fake.connect()?).await?.split();
//! #     tokio::spawn(AuthServer::new(decide).run(requests));
//! #     fake.until(|daemon| daemon.is_client_in("alice")).await?;
//! #     fake.until(|daemon| daemon.client_heard("mallory", "Wrong user name or password")).await?;
//! #     Ok(())
//! # }
//! ```
//!
//! and runs it over one server, or over several that come and go:
//!
//! ```no_run
//! # use openvpn_mgmt::handler::{Attempt, BoxError, Decision};
//! # async fn decide(_: Attempt) -> Result<Decision, BoxError> { Ok(Decision::Allow) }
//! use std::time::Duration;
//!
//! use openvpn_mgmt::handler::AuthServer;
//! use openvpn_mgmt::{Builder, OrphanPolicy, Sources};
//!
//! # async fn example(until_told: impl Future<Output = ()>) {
//! let mut servers = Sources::new();
//! for socket in ["/run/openvpn/udp.sock", "/run/openvpn/tcp.sock"] {
//!     let link = Builder::new().reconnect(socket);
//!     // Who came while this program was away waits for nobody: it is sent back, and comes again at once.
//!     servers.add(socket, link.orphans(OrphanPolicy::Kill { grace: Duration::from_secs(10) }));
//! }
//! let server = AuthServer::new(decide).outcomes(|outcome| println!("{outcome:?}"));
//! server.serve(servers, until_told, Duration::from_secs(10)).await;
//! # }
//! ```
//!
//! # What it must get right, and what the crate does for it
//! - **A decision is for the one it was taken for.** Numbers of clients start over when the server restarts, and a client that
//!   comes again from its own port keeps its number. An answer that is late gets
//!   [`Error::Stale`](crate::Error::Stale) and is not sent. What is left is told in `docs/LASTING.md`, "The window at a restart".
//! - **A client's word is not the server's.** With `env-filter`, which any manager may have set, a client can send a
//!   `common_name` of its own. [`Env`](crate::events::Env)'s getters refuse such blocks.
//! - **Renewals** send the password of the first time again. A code that is good once would be refused then: use tokens.
//! - **Someone who hammers** is limited: [`Builder::request_limit`](crate::Builder::request_limit) and
//!   [`request_limit_per_address`](crate::Builder::request_limit_per_address). Slow hashing of passwords belongs on a thread
//!   of its own (`tokio::task::spawn_blocking`).
//! - **The log**: [`Outcome`](crate::handler::Outcome) tells who asked, what was decided, why, how long it took, and whether the
//!   daemon was told. A name in it is the client's own text: take out what drives a terminal.
//! - **Sign-in on a page** is [`Attempt::pending`](crate::handler::Attempt::pending) with
//!   [`PendingAuth::web_auth`](crate::PendingAuth::web_auth), and then a decision: see `programs/sso_server`.
//!
//! More: `examples/auth_server.rs` (names and passwords of a file), `challenge.rs` (each kind of challenge), `two_servers.rs`,
//! `auth_token.rs` (tokens); `programs/auth_server` and `programs/sso_server` are whole ones.

//! A fake OpenVPN daemon for tests: the management interface of OpenVPN 2.5, 2.6 and 2.7.
//!
//! [`FakeDaemon`] serves a program under test over streams, in memory or on sockets:
//!
//! ```
//! use openvpn_mgmt::{Request, attach};
//! use openvpn_mgmt_test::FakeDaemon;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client).expect("client-deny 0 1");
//! let (_client, _events, mut requests) = attach(fake.connect()?).await?.split();
//! if let Some(Request::ClientConnect(alice)) = requests.next().await {
//!     alice.deny("not on the list", Some("ask your admin")).await?;
//! }
//! assert!(fake.with(|daemon| daemon.client_heard("alice", "['ask your admin']")));
//! # Ok(()) }
//! ```
//!
//! An [`AuthServer`](openvpn_mgmt::handler::AuthServer) and its `Authenticator`, a [`Responder`](openvpn_mgmt::handler::Responder)
//! and its `CredentialsProvider`: each runs as it does with a daemon, and what became of it is waited for.
//!
//! ```
//! use openvpn_mgmt::attach;
//! use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
//! use openvpn_mgmt_test::FakeDaemon;
//!
//! /// The program under test.
//! async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
//!     let is_alice = attempt.username()?.is_some_and(|name| name == "alice");
//!     Ok(if is_alice { Decision::Allow } else { Decision::deny_with("unknown", "Who are you?") })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client.password("s3cret"));
//! let (_client, _events, requests) = attach(fake.connect()?).await?.split();
//! tokio::spawn(AuthServer::new(decide).run(requests));
//! fake.until(|daemon| daemon.is_client_in("alice")).await?;
//!
//! fake.connects(openvpn_mgmt_test::Client::new("mallory"))?;
//! fake.until(|daemon| daemon.client_heard("mallory", "Who are you?")).await?;
//! # Ok(()) }
//! ```
//!
//! - [`Daemon`] is the simulation without streams and clocks.
//! - [`Client`] describes a client of a simulated server; [`ServerAction`] is what the server of a simulated client does.
//! - [`SetUp`] is a configuration, also in words.
//! - [`Faults`] are what goes wrong, by seed.
//! - [`conversation`] holds conversations as text, which run on a fake daemon and on a real one.
//!
//! What a test shows when it fails, [`FakeDaemon::conversation`], holds passwords as they were said.

pub mod conversation;
mod daemon;
mod fake;
mod faults;
mod personality;
pub mod scripted;
mod set_up;

pub use self::daemon::{Client, ClientError, ClientState, Daemon, ServerAction};
pub use self::fake::{FakeDaemon, NotHeard};
pub use self::faults::Faults;
pub use self::personality::Personality;
pub use self::set_up::{AuthRetry, Mode, Remote, SetUp, SetUpError};

/// The program in the README is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

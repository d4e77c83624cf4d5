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

pub use self::daemon::{Client, ClientError, Daemon, ServerAction};
pub use self::fake::{FakeDaemon, NotHeard};
pub use self::faults::Faults;
pub use self::personality::Personality;
pub use self::set_up::{AuthRetry, Mode, Remote, SetUp, SetUpError};

/// The program in the README is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

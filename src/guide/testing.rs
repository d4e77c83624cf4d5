//! Testing your program: daemons that behave as OpenVPN does, in a test, without a VPN.
//!
//! ```text
//! cargo add --dev openvpn-mgmt-test
//! ```
//!
//! `FakeDaemon` is a client or a server of OpenVPN 2.5, 2.6 or 2.7, with replies in its words, holds, prompts, restarts
//! and clients. What it answers was written down from real daemons, and the same conversations are held with both. Its time is
//! tokio's, so a test with paused time waits for nothing:
//!
//! ```
//! use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
//! use openvpn_mgmt_test::FakeDaemon;
//!
//! // The program under test.
//! async fn only_alice(attempt: Attempt) -> Result<Decision, BoxError> {
//!     Ok(match attempt.is_user("alice")? {
//!         true => Decision::Allow,
//!         false => Decision::deny_with("not alice", "Members only."),
//!     })
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)] // `#[tokio::test(start_paused = true)]` in yours
//! async fn main() -> Result<(), BoxError> {
//!     let fake = FakeDaemon::v2_6()
//!         .server()
//!         .client_connects("alice", |client| client)
//!         .client_connects("mallory", |client| client);
//!     let session = openvpn_mgmt::attach(fake.connect()?).await?;
//!     let (_client, _events, requests) = session.split();
//!     tokio::spawn(AuthServer::new(only_alice).run(requests));
//!
//!     fake.until(|daemon| daemon.is_client_in("alice")).await?;
//!     fake.until(|daemon| daemon.client_heard("mallory", "Members only.")).await?;
//!
//!     // Its keys are renewed, and it is decided about again.
//!     fake.hears("client-auth-nt").await?;
//!     fake.renegotiates("alice")?;
//!     fake.hears("client-auth-nt").await?;
//!     assert!(fake.with(|daemon| daemon.is_client_in("alice")));
//!     Ok(())
//! }
//! ```
//!
//! # What to test
//! | what happens in the field | in a test |
//! | --- | --- |
//! | the daemon restarts while your program decides | `fake.with(\|daemon\| daemon.restarts_by_itself())` |
//! | the connection is cut, within a reply too | `FakeDaemon::v2_6().faults(Faults::seeded(7).cut_at(900))` |
//! | a daemon answers slowly, in pieces | `Faults::seeded(7).split().delay(…)` |
//! | a daemon says what none should | `.answers("pid", &["SUCCESS: pid=none"])`, `daemon.says(…)` |
//! | a client leaves while it is decided about | `fake.leaves("alice")` |
//! | a whole release behaves differently | run the test with `v2_5()`, `v2_6()` and `v2_7()` |
//!
//! Values can be made without a daemon, too: [`Event::parse`](crate::Event::parse), the constructors and builders of events
//! and replies ([`State::builder`](crate::events::State), [`Env::builder`](crate::events::Env::builder), …), and
//! [`Command::encode`](crate::Command::encode) for what would be sent. An `Authenticator` is called by itself with an
//! [`Attempt`](crate::handler::Attempt::from_request) that is made of a request of the fake daemon's.

//! A fake OpenVPN daemon for tests: the management interface of OpenVPN 2.5, 2.6 and 2.7.

pub mod conversation;
mod daemon;
mod fake;
mod faults;
mod input;
mod personality;
pub mod scripted;
mod set_up;

pub use self::daemon::{Client, ClientError, Daemon, ServerAction};
pub use self::fake::FakeDaemon;
pub use self::faults::Faults;
pub use self::personality::Personality;
pub use self::set_up::{AuthRetry, Mode, Remote, SetUp, SetUpError};

//! OpenVPN as a child of the program: started, managed, restarted and stopped (feature `process`; unix).
//!
//! [`Process`] has the settings of a daemon, and [`start`](Process::start) gives its [`Session`](crate::Session) and the
//! [`Child`], which [ends](Child::stop) it in good order and tells how it has ended, with its last words.
//!
//! A [`Supervisor`] starts it anew whenever it has ended.
//!
//! # Who lives longer
//! The daemon dials in, to a socket in a private folder that is removed as soon as it has. It ends with its session, so that
//! none is left whatever becomes of the program: it returns, panics, or is killed. Where the VPN is to outlive the program, the
//! daemon [listens](Process::listens_at).
//!
//! A program that is killed in the moment between the two leaves that folder (`openvpn-mgmt-…`, where temporary files are), and the
//! daemon ends as it finds nobody.
//!
//! # What a daemon may be told
//! Its configuration, with all that it includes, is looked at before it is started:
//!
//! | directive | what becomes of it |
//! | --- | --- |
//! | `daemon`, `inetd` | refused: neither end nor words of it would be seen |
//! | `management` with a password file | refused: no command line takes the password back |
//! | `management-client-user`, `-group` | refused: the daemon turns away who is not of them |
//! | `management-client` where it [listens](Process::listens_at) | refused |
//! | `management` | overridden, as the last one wins |
//! | `log`, `log-append`, `syslog` | overridden, as the first one wins: the output is read here |
//! | `management-hold`, `-query-passwords`, and all others of `management-…` | in force |
//! | `user`, `group`, `chroot` | in force: it has dialed before that. At SIGHUP it needs its files as what it is then |
//! | `cd`, `writepid` | in force |
//!
//! # Privileges
//! A daemon needs root or `CAP_NET_ADMIN` for its tunnel device, which it opens behind its start, when it is released from its
//! hold. What was missing is told with its end: [`Ended::missing_privilege`], [`StartError::missing_privilege`].
//! [`Process::prefix`] is for `sudo -n` and the like. A daemon that was started as root by a program that is not cannot be
//! signalled, but ends over its session, and with it.

mod child;
mod conflict;
mod directive;
mod ended;
mod error;
mod keeper;
mod leftover;
mod lines;
mod memory;
mod output;
mod policy;
mod privilege;
mod rules;
mod scan;
mod settings;
mod socket;
mod start;
mod supervisor;

pub use child::Child;
pub use conflict::{Conflict, Place};
pub use ended::{Ended, EndedBy};
pub use error::{StartError, StopError};
pub use output::LastWords;
pub use policy::{GaveUp, RestartPolicy, Setback};
pub use privilege::MissingPrivilege;
pub use settings::Process;
pub use start::Started;
pub use supervisor::Supervisor;

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
//! A program that is killed in the moment between the two leaves the empty folder (`ovpn-…`, where temporary files are), and
//! the daemon ends as it finds nobody.

mod child;
mod conflict;
mod directive;
mod ended;
mod error;
mod keeper;
mod leftover;
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

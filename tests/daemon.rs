//! The typed API against real daemons: the installed OpenVPN, or the one `OPENVPN_BIN` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "daemon/cancel.rs"]
mod cancel;
#[path = "daemon/endings.rs"]
mod endings;
#[path = "daemon/files.rs"]
mod files;
#[path = "daemon/injection.rs"]
mod injection;
#[path = "daemon/lasting.rs"]
mod lasting;
#[path = "daemon/load.rs"]
mod load;
#[path = "daemon/long_names.rs"]
mod long_names;
#[path = "daemon/quoting.rs"]
mod quoting;
#[path = "daemon/sessions.rs"]
mod sessions;
#[path = "daemon/support.rs"]
mod support;
#[path = "daemon/tunnel.rs"]
mod tunnel;
mod wrong_shapes;

//! Guides: a program of each kind, from the first line on.
//!
//! | you write | read |
//! | --- | --- |
//! | a VPN client with a window | [`vpn_client`] |
//! | a server that signs clients in | [`sign_in_server`] |
//! | a monitor, an exporter, an audit log | [`monitor`] |
//! | something that runs many daemons, its own too | `orchestrator`, with the feature `process` |
//! | tests of any of these | [`testing`] |
//! | something that was written with another package | [`migrating`] |
//!
//! Every program here is compiled with the crate's tests, and those that can be run are run, on the daemons of
//! `openvpn-mgmt-test`.
//!
//! # Before you begin
//! OpenVPN says and asks only what its configuration turns on, so a program starts there. Each of these is an option of the
//! configuration, or with `--` of the command line:
//!
//! | to | set |
//! | --- | --- |
//! | have a management interface at all | `management /run/openvpn/client.sock unix`, or `management 127.0.0.1 7505 FILE` with its password in a file |
//! | have it wait for your program | `management-hold` |
//! | have it ask your program for passwords | `management-query-passwords` |
//! | let only one user open the socket | `management-client-user NAME`, `management-client-group NAME` |
//!
//! A TCP address without a password is open to every user of the machine. OpenVPN serves one manager at a time: a second
//! one connects and hears nothing, which is [`Error::NoGreeting`](crate::Error::NoGreeting).

pub mod migrating;
pub mod monitor;
#[cfg(all(feature = "process", unix))]
pub mod orchestrator;
pub mod sign_in_server;
pub mod testing;
pub mod vpn_client;

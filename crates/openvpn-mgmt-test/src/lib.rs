//! A fake OpenVPN daemon for tests: the management interface of OpenVPN 2.5, 2.6 and 2.7.

pub mod conversation;
pub mod scripted;

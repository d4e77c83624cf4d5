//! Every command and every event, against a real OpenVPN.
//!
//! Runs against whatever OpenVPN the lab finds; `make test-matrix` runs it for each version
//! and then prints, from what each run recorded, which version does what (`docs/MATRIX.md`).
#![allow(unreachable_pub, reason = "a test exports nothing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod catalogue;
mod support;

mod admission;
mod clients;
mod configs;
mod credentials;
mod decisions;
mod keys;
mod lines;
mod modes;
mod pkcs11;
mod reauth;
mod remotes;
mod signals;
mod tunnel;

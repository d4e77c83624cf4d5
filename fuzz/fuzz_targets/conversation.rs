//! Fuzzes `conversation`.
#![no_main]
#![allow(missing_docs, reason = "the macro writes the entry of a C library")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| openvpn_mgmt_fuzz::run("conversation", bytes));

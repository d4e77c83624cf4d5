#!/usr/bin/env bash
# Compiles the library with the oldest Rust that Cargo.toml promises.
#
# Uses that toolchain where rustup has it; else takes Debian's, which is the same
# version, from the archive into .cache, as fetch-openvpn.sh does with OpenVPN.
# Ends with status 3 where neither can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-suite.sh
. scripts/debian-rust.sh

toolchain_of_rustup() {
    command -v rustup >/dev/null && rustup toolchain list 2>/dev/null | grep -qE "^$msrv(\.[0-9]+)?-"
}

if toolchain_of_rustup; then
    cargo=(rustup run "$msrv" cargo)
else
    debian_rust || exit 3
fi

say "cargo check --lib with $("${cargo[@]}" --version)"
export CARGO_TARGET_DIR=target/msrv
unset RUSTFLAGS RUSTDOCFLAGS RUSTC_WRAPPER
"${cargo[@]}" check --lib --locked
"${cargo[@]}" check --lib --locked --all-features
say "the library compiles with Rust $msrv"

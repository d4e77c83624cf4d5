#!/usr/bin/env bash
# Compiles the library for Windows, where it has TCP alone. Nothing is linked or run.
#
# Uses the standard library for Windows where this toolchain has one (`rustup target add x86_64-pc-windows-msvc`); else
# builds it from the sources that Debian ships with the oldest Rust we promise.
# Ends with status 3 where neither can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-suite.sh
. scripts/debian-rust.sh

# Unlike windows-gnu it asks for no program of MinGW.
target=x86_64-pc-windows-msvc
options=(--locked --lib --target "$target")

if [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; then
    cargo=("${CARGO:-cargo}")
else
    debian_rust || exit 3
    # What builds a standard library is not stable.
    export RUSTC_BOOTSTRAP=1
    options+=(-Z build-std=std,panic_abort)
fi

say "for $target, with $("${cargo[@]}" --version)"
export CARGO_TARGET_DIR=target/windows
unset RUSTFLAGS RUSTDOCFLAGS RUSTC_WRAPPER
for features in "" --all-features; do
    # As cargo check does, but that warnings of this crate are errors.
    "${cargo[@]}" rustc --quiet --profile check "${options[@]}" $features -- -D warnings
done
say "the library compiles for $target"

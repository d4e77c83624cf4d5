#!/usr/bin/env bash
# Compiles the library with the oldest Rust that Cargo.toml promises.
#
# Uses that toolchain where rustup has it; else takes Debian's, which is the same
# version, from the archive into .cache, as fetch-openvpn.sh does with OpenVPN.
# Ends with status 3 where neither can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-suite.sh

suite=trixie
msrv=$(sed -nE 's/^rust-version = "([0-9.]+)"/\1/p' Cargo.toml)
dest=$PWD/.cache/rust-$msrv

toolchain_of_rustup() {
    command -v rustup >/dev/null && rustup toolchain list 2>/dev/null | grep -qE "^$msrv(\.[0-9]+)?-"
}

# cargo and rustc as scripts, which start them with their own C library.
fetch() {
    local partial=$dest.partial
    rm -rf "$partial"
    unpack_suite "$suite" "$partial/root" rustc cargo libstd-rust-dev || return 1
    write_wrapper "$partial/root" usr/bin/rustc "$partial/rustc.run" || return 1
    write_wrapper "$partial/root" usr/bin/rustdoc "$partial/rustdoc" || return 1
    write_wrapper "$partial/root" usr/bin/cargo "$partial/cargo" || return 1
    # Started through the loader, rustc does not find its own folder.
    cat >"$partial/rustc" <<'END'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/rustc.run" --sysroot "$here/root/usr" "$@"
END
    chmod +x "$partial/rustc"
    rm -rf "$dest"
    mv "$partial" "$dest"
}

if toolchain_of_rustup; then
    cargo=(rustup run "$msrv" cargo)
else
    if [ ! -x "$dest/cargo" ]; then
        fetch || exit 3
    fi
    case $("$dest/rustc" --version) in
        "rustc $msrv".*) ;;
        *)
            say "the Rust of $suite is not $msrv: $("$dest/rustc" --version)"
            exit 3
            ;;
    esac
    export RUSTC=$dest/rustc RUSTDOC=$dest/rustdoc
    cargo=("$dest/cargo")
fi

say "cargo check --lib with $("${cargo[@]}" --version)"
export CARGO_TARGET_DIR=target/msrv
unset RUSTFLAGS RUSTDOCFLAGS RUSTC_WRAPPER
"${cargo[@]}" check --lib --locked
"${cargo[@]}" check --lib --locked --all-features
say "the library compiles with Rust $msrv"

#!/usr/bin/env bash
# Checks that Cargo.lock is up to date, and that no package in it, also of tests and
# of other platforms, asks for a newer Rust than Cargo.toml promises.
set -euo pipefail
cd "$(dirname "$0")/.."

msrv=$(sed -nE 's/^rust-version = "([0-9.]+)"/\1/p' Cargo.toml)
metadata=$("${CARGO:-cargo}" metadata --locked --format-version 1 --all-features)

# One line a package: name, version, and the Rust it asks for.
packages=$(printf '%s' "$metadata" |
    grep -oE '\{"name":"[^"]+","version":"[^"]+"|"rust_version":("[^"]*"|null)' |
    awk -F'"' '/^\{/ { name = $4 " " $8; next } { print name, ($4 == "" ? "any" : $4) }')
count=$(printf '%s\n' "$packages" | wc -l)
if [ "$count" != "$(grep -c '^\[\[package\]\]' Cargo.lock)" ]; then
    printf 'check-lock: cannot read what cargo metadata says about %s packages\n' "$count" >&2
    exit 1
fi

too_new=$(printf '%s\n' "$packages" | awk -v msrv="$msrv" '
    function number(version,  part) {
        split(version, part, ".")
        return part[1] * 1000000 + part[2] * 1000 + part[3]
    }
    $3 != "any" && number($3) > number(msrv) { print "  " $1 " " $2 " asks for Rust " $3 }')
if [ -n "$too_new" ]; then
    printf 'check-lock: newer than Rust %s:\n%s\n' "$msrv" "$too_new" >&2
    exit 1
fi
printf 'The lock is up to date, and its %s packages ask for Rust %s or older.\n' "$count" "$msrv"

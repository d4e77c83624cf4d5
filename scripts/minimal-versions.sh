#!/usr/bin/env bash
# Compiles the library with the oldest version of each dependency that Cargo.toml allows, in a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R src README.md "$folder"
# The library alone: without the other members, and without what its tests need.
awk '/^\[/ { skip = /^\[dev-dependencies\]|^\[\[(bench|example)\]\]/ } !skip && !/^(members|exclude) = /' \
    Cargo.toml >"$folder/Cargo.toml"

export CARGO_TARGET_DIR=$PWD/target/minimal-versions
cd "$folder"
# The choice of versions is not stable; what is compiled is.
RUSTC_BOOTSTRAP=1 "$cargo" generate-lockfile -Z direct-minimal-versions --quiet
"$cargo" check --locked --lib --all-features --quiet
printf 'minimal-versions.sh: the library compiles with %s\n' "$("$cargo" tree --locked --depth 1 --all-features \
    --prefix none | sed -nE '2,$s/^([^ ]+) v([^ ]+).*/\1 \2/p' | sort -u | paste -sd, | sed 's/,/, /g')"

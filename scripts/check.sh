#!/usr/bin/env bash
# Everything that can be said about the code without a daemon: format, lints, docs,
# features, dependencies, packages.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
# A workspace of its own, which `--workspace` and `--all` leave out.
peers=(--manifest-path benches/peers/Cargo.toml)
# As this; what is a part of the binaries of libFuzzer is compiled by scripts/fuzz.sh.
fuzz=(--manifest-path fuzz/Cargo.toml)

step() {
    printf '== %s\n' "$*"
    "$@"
}

# A toolchain with the minimal profile lacks both.
component() {
    "$cargo" "$1" --version >/dev/null 2>&1 && return 0
    command -v rustup >/dev/null && rustup component add "$2" >/dev/null 2>&1 && return 0
    printf '== NOT CHECKED: this toolchain has no %s\n' "$2"
    return 1
}

if component fmt rustfmt; then
    step "$cargo" fmt --all --check
    step "$cargo" fmt "${peers[@]}" --all --check
    step "$cargo" fmt "${fuzz[@]}" --all --check
    # Is compiled by scripts/mutants-at-once.sh.
    step "$cargo" fmt --manifest-path mutants/Cargo.toml --all --check
fi
for script in scripts/*.sh .ci/run; do
    bash -n "$script"
done
step scripts/floors.sh
step scripts/named-tests.sh
step scripts/check-lock.sh
step scripts/deny.sh
if component clippy clippy; then
    step "$cargo" clippy --locked --workspace --all-targets --all-features --quiet -- \
        -D warnings -D clippy::incompatible_msrv
    step "$cargo" clippy --locked "${peers[@]}" --target-dir target --workspace --quiet -- -D warnings
    step "$cargo" clippy --locked "${fuzz[@]}" --target-dir target --no-default-features --all-targets --quiet -- \
        -D warnings
    # What only some features use is a warning without them.
    lints=(clippy -- -D warnings)
else
    lints=(check)
    step "$cargo" check --locked "${peers[@]}" --target-dir target --workspace --quiet
fi
step "$cargo" test --locked "${fuzz[@]}" --target-dir target --no-default-features --quiet
features=($(sed -n '/^\[features\]/,/^\[/s/^\([a-z0-9_-]*\) *=.*/\1/p' Cargo.toml))
# Each combination of them: bit N of the number is feature N.
for ((set = 0; set < 1 << ${#features[@]}; set++)); do
    chosen=()
    for ((n = 0; n < ${#features[@]}; n++)); do
        ((set >> n & 1)) && chosen+=("${features[n]}")
    done
    step "$cargo" "${lints[0]}" --locked --lib --no-default-features --features "${chosen[*]-}" --quiet "${lints[@]:1}"
done
step scripts/planted.sh check
step scripts/minimal-versions.sh
RUSTDOCFLAGS='-D warnings' step "$cargo" doc --locked --workspace --no-deps --all-features --quiet
# What is not public is documented, too.
RUSTDOCFLAGS='-D warnings' step "$cargo" doc --locked --workspace --lib --no-deps --all-features --document-private-items \
    --quiet
# As docs.rs does, which says of each item what feature it needs; a folder of its own, or all is built anew.
RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS='--cfg docsrs -D warnings' CARGO_TARGET_DIR=target/docsrs \
    step "$cargo" doc --locked --lib --no-deps --all-features --quiet
# They are a part of `make test`, too; the gate runs them once.
if [ -z "${TESTED_DOCS:-}" ]; then
    step "$cargo" test --locked --workspace --all-features --doc --quiet
fi
step scripts/package.sh
printf 'All checks passed.\n'

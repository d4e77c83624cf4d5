#!/usr/bin/env bash
# Holds all dependencies against deny.toml: with cargo-deny where it is installed (`cargo install cargo-deny --locked`, some
# four minutes of one core); without, licences and sources alone, by what cargo says of each package.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
workspaces=(Cargo.toml benches/peers/Cargo.toml)

with_cargo_deny() {
    local deny=("$cargo" deny --workspace --config deny.toml) workspace
    for workspace in "${workspaces[@]}"; do
        # Not each workspace has a use for all that is allowed.
        "${deny[@]}" --manifest-path "$workspace" --offline check \
            -A license-not-encountered -A license-exception-not-encountered bans licenses sources
    done
    if ! "${deny[@]}" fetch db >/dev/null 2>&1; then
        printf '== NOT CHECKED: advisories: the database of RustSec cannot be fetched\n'
        return
    fi
    for workspace in "${workspaces[@]}"; do
        "${deny[@]}" --manifest-path "$workspace" --offline check advisories
    done
}

# One line a package: name, where it is from, and its licence, which may have spaces.
packages() {
    "$cargo" metadata --locked --format-version 1 --all-features --manifest-path "$1" |
        grep -oE '\{"name":"[^"]+","version":"[^"]+","id":"[^"]+","license":("[^"]*"|null)' |
        sed -E 's/^\{"name":"([^"]+)".*"id":"([^"]+)","license":"?([^"]*)"?$/\1 \2 \3/'
}

# What deny.toml allows: to all crates, and to one.
allowed=$(sed -nE 's/^allow = \[(.*)\]$/\1/p' deny.toml | tr -d '",')
allowed_to() {
    printf '%s ' "$allowed"
    sed -nE "s/.*crate = \"$1\", allow = \[([^]]*)\].*/\1/p" deny.toml | tr -d '",'
}

# Whether a licence can be chosen that is allowed: an SPDX expression, as arithmetic of ones and zeros.
may_be_used() {
    local name=$1 licence=$2 sum word
    sum=$(for word in $(sed -E 's#[()/]# & #g; s/ WITH /-WITH-/g' <<<"$licence"); do
        case $word in
            OR | /) printf '| ' ;;
            AND) printf '& ' ;;
            '(' | ')') printf '%s ' "$word" ;;
            *) grep -qxF -- "$word" <<<"$(allowed_to "$name" | tr ' ' '\n')" && printf '1 ' || printf '0 ' ;;
        esac
    done)
    [[ -n $sum ]] && (($sum))
}

by_metadata() {
    local workspace name id licence count=0 failed=0
    for workspace in "${workspaces[@]}"; do
        while read -r name id licence; do
            count=$((count + 1))
            if ! may_be_used "$name" "$licence"; then
                printf 'deny.sh: %s: its licence is not allowed: %s\n' "$name" "$licence" >&2
                failed=1
            fi
            case $id in
                "path+file://$PWD/"* | "path+file://$PWD#"* | registry+https://github.com/rust-lang/crates.io-index#*) ;;
                *)
                    printf 'deny.sh: %s: not of crates.io: %s\n' "$name" "$id" >&2
                    failed=1
                    ;;
            esac
        done < <(packages "$workspace")
    done
    if ((count == 0)); then
        printf 'deny.sh: cannot read what cargo metadata says\n' >&2
        exit 1
    fi
    printf '== NOT CHECKED: advisories and bans: there is no cargo-deny\n'
    ((failed == 0)) && printf 'The licences and sources of %s packages are those of deny.toml.\n' "$count"
}

if "$cargo" deny --version >/dev/null 2>&1; then
    with_cargo_deny
else
    by_metadata
fi

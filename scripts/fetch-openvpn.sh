#!/usr/bin/env bash
# Unpacks the OpenVPN versions of the test matrix, without installing them:
#
#     scripts/fetch-openvpn.sh [DEST]     (default .cache/openvpn)
#
# Each becomes DEST/VERSION/openvpn, which runs like the program itself.
# SUITES="bookworm sid" fetches fewer. Does nothing for what is already there.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian-suite.sh

dest=${1:-.cache/openvpn}
mkdir -p "$dest"
dest=$(cd "$dest" && pwd)

runs() {
    # --version ends with status 1 up to OpenVPN 2.5.
    "$1" --version 2>/dev/null | sed -nE '1s/^OpenVPN ([0-9][^ ]*) .*/\1/p' | grep .
}

settings='
modules=$(find "$root" -type d -name ossl-modules | head -n 1)
engines=$(find "$root" -type d -name "engines-*" | head -n 1)
if [ -n "$modules" ]; then export OPENSSL_MODULES="$modules"; fi
if [ -n "$engines" ]; then export OPENSSL_ENGINES="$engines"; fi
'

fetch() {
    local suite=$1 version partial="$dest/partial-$1"
    if version=$(runs "$dest/$suite/openvpn"); then
        printf '%s (%s): present\n' "$version" "$suite"
        return 0
    fi
    rm -rf "$partial"
    unpack_suite "$suite" "$partial/root" openvpn softhsm2 || return 1
    write_wrapper "$partial/root" usr/sbin/openvpn "$partial/openvpn" "$settings" || return 1
    if ! version=$(runs "$partial/openvpn"); then
        say "the openvpn of $suite does not run here:"
        "$partial/openvpn" --version >&2 || true
        return 1
    fi
    rm -rf "${dest:?}/$version"
    mv "$partial" "$dest/$version"
    ln -sfn "$version" "$dest/$suite"
    printf '%s (%s): fetched\n' "$version" "$suite"
}

status=0
for suite in ${SUITES:-bullseye bookworm sid}; do
    fetch "$suite" || status=1
done
exit $status

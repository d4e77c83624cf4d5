#!/usr/bin/env bash
# Installs openvpn with the system's package manager, and what a build and a tunnel
# need beside it (a C compiler, ip); does nothing where they are there.
#
#     scripts/install-openvpn.sh [--tests]
#
# --tests: also what tests use besides (SoftHSM, OpenSC, openssl, ip, setpriv, Chromium
# with its driver); they run without, and say what they skip. sudo is used where root is needed.
set -euo pipefail

. "$(dirname "$0")/packages.sh"

tools() {
    if have apt-get; then
        printf '%s\n' softhsm2-util:softhsm2 pkcs11-tool:opensc openssl:openssl ip:iproute2 setpriv:util-linux
    elif have dnf; then
        printf '%s\n' softhsm2-util:softhsm pkcs11-tool:opensc openssl:openssl ip:iproute setpriv:util-linux
    elif have brew; then
        printf '%s\n' softhsm2-util:softhsm pkcs11-tool:opensc openssl:openssl
    elif have apk; then
        printf '%s\n' softhsm2-util:softhsm pkcs11-tool:opensc openssl:openssl ip:iproute2 setpriv:setpriv
    else
        printf '%s\n' softhsm2-util:softhsm pkcs11-tool:opensc openssl:openssl ip:iproute2 setpriv:util-linux
    fi
}

# What opens the pages of the sign-in server.
browser() {
    if have apt-get; then
        printf '%s\n' chromium:chromium chromedriver:chromium-driver
    elif have apk; then
        printf '%s\n' chromium:chromium chromedriver:chromium-chromedriver
    fi
}

# The linker of a Rust build, and what sets up a tunnel, as "command:package" words.
basics() {
    if have apt-get; then
        printf '%s\n' cc:gcc cc:libc6-dev ip:iproute2
    elif have dnf; then
        printf '%s\n' cc:gcc ip:iproute
    elif have apk; then
        printf '%s\n' cc:build-base ip:iproute2
    elif have brew; then
        return 0
    else
        printf '%s\n' cc:gcc ip:iproute2
    fi
}

# One at a time: a missing extra must not keep openvpn away.
install_missing openvpn:openvpn
pairs=()
while read -r pair; do pairs+=("$pair"); done < <(basics)
[ ${#pairs[@]} = 0 ] || install_missing "${pairs[@]}"
if [ "${1:-}" = --tests ]; then
    pairs=()
    while read -r pair; do pairs+=("$pair"); done < <(tools)
    install_missing "${pairs[@]}"
    # Not with the others: Ubuntu has none that runs without snap, and they come all or none.
    pairs=()
    while read -r pair; do pairs+=("$pair"); done < <(browser)
    [ ${#pairs[@]} = 0 ] || install_missing "${pairs[@]}"
fi
if ! have openvpn; then
    say "there is no openvpn: what needs a real daemon cannot run" >&2
    exit 1
fi
say "$(openvpn --version 2>/dev/null | sed -n 1p | cut -d' ' -f1,2) is installed"

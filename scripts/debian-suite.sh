# Unpacks packages of another Debian suite into a folder, beside the system and
# without touching it. Sourced by the other scripts:
#
#     unpack_suite SUITE ROOT PACKAGE...
#     write_wrapper ROOT PROGRAM WRAPPER [SETTING...]
#
# Needs apt-get and dpkg, not root. The archive is the one this system is already
# set up to use; DEBIAN_MIRROR=URI names another.

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Where the archive is, and whether this system can unpack from it.
debian_mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        printf '%s\n' "${DEBIAN_MIRROR%/}"
        return 0
    fi
    local id codename
    id=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-}")
    codename=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-sid}")
    if [ "$id" != debian ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    # apt itself reads its sources here, whichever of their two formats they are in.
    apt-get update --print-uris 2>/dev/null |
        sed -nE "s#^'(.*)/dists/($codename|oldstable|stable|testing|unstable|sid)/InRelease'.*#\1#p" |
        head -n 1 | grep .
}

# Runs apt with state, cache and sources of its own.
private_apt() {
    local state=$1 command=$2
    shift 2
    local user=root
    "$command" -q -o Dir::State="$state/state" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist="$state/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User="$user" -o APT::Immediate-Configure=false \
        -o Acquire::Retries=3 -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false "$@"
}

write_sources() {
    local state=$1 suite=$2 mirror=$3 options=$4
    printf 'deb [%s] %s %s main\n' "$options" "$mirror" "$suite" >"$state/sources.list"
}

# The list of a suite. A keyring older than the suite cannot check its signature;
# the packages are for tests only, so that ends in a note, not in a failure.
update_suite() {
    local state=$1 suite=$2 mirror=$3
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ -r "$keyring" ]; then
        write_sources "$state" "$suite" "$mirror" "signed-by=$keyring"
        if private_apt "$state" apt-get update --error-on=any >"$state/log" 2>&1; then
            return 0
        fi
        if ! grep -qE 'NO_PUBKEY|EXPKEYSIG|not signed|KEYEXPIRED' "$state/log"; then
            cat "$state/log" >&2
            return 1
        fi
    fi
    say "NOTE: no key on this system checks the signature of $suite; its packages are used unchecked"
    write_sources "$state" "$suite" "$mirror" 'trusted=yes'
    if ! private_apt "$state" apt-get update --error-on=any >"$state/log" 2>&1; then
        cat "$state/log" >&2
        return 1
    fi
}

# Downloads the packages with everything they depend on, down to the C library:
# the empty status file tells apt that nothing is installed.
download_closure() {
    local state=$1
    shift
    if ! private_apt "$state" apt-get install --download-only --yes \
        --no-install-recommends "$@" </dev/null >"$state/log" 2>&1; then
        tail -n 20 "$state/log" >&2
        return 1
    fi
}

# unpack_suite SUITE ROOT PACKAGE...: ROOT appears whole or not at all.
unpack_suite() {
    local suite=$1 root=$2 mirror state deb
    shift 2
    if ! mirror=$(debian_mirror); then
        say "other versions are taken from the Debian archive, and this system's apt is not set up" \
            "to use it; on Debian this works as it is, elsewhere with apt set DEBIAN_MIRROR=URI"
        return 1
    fi
    state=$(mktemp -d "${TMPDIR:-/tmp}/suite.XXXXXX")
    mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial" "$state/root"
    : >"$state/status"
    if ! update_suite "$state" "$suite" "$mirror" || ! download_closure "$state" "$@"; then
        say "cannot fetch $* of $suite"
        rm -rf "$state"
        return 1
    fi
    for deb in "$state"/cache/archives/*.deb; do
        dpkg -x "$deb" "$state/root" || { rm -rf "$state"; return 1; }
    done
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    mv "$state/root" "$root"
    rm -rf "$state"
}

# write_wrapper ROOT PROGRAM WRAPPER [SETTING...]: a script that starts PROGRAM with
# the C library it was built for. SETTINGs are lines of shell; $root is the folder.
write_wrapper() {
    local root=$1 program=$2 wrapper=$3 loader libraries
    shift 3
    loader=$(cd "$root" && find lib* usr/lib* -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
    libraries=$(cd "$root" && find lib* usr/lib* -maxdepth 1 -name '*-linux-gnu*' -type d 2>/dev/null |
        sed 's#^#$root/#' | sort -u | paste -sd:)
    if [ -z "$loader" ] || [ ! -e "$root/$program" ]; then
        say "$root lacks its loader or $program"
        return 1
    fi
    {
        printf '#!/bin/sh\n'
        printf 'root=$(cd "$(dirname "$0")" && pwd)/%s\n' "$(realpath --relative-to="$(dirname "$wrapper")" "$root")"
        if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
        printf 'exec "$root/%s" --library-path "%s" "$root/%s" "$@"\n' "$loader" "$libraries" "$program"
    } >"$wrapper"
    chmod +x "$wrapper"
}

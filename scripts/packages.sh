# Sourced: installs packages with the system's package manager.

# Debian and Homebrew install it where not every user looks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/sbin

say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        say "this needs root, and there is no sudo: $*" >&2
        return 1
    fi
}

install_packages() {
    if have apt-get; then
        # The lists of a fresh image are empty or old.
        as_root apt-get update -q >/dev/null || true
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "$@" </dev/null
    elif have dnf; then
        as_root dnf install -y -q "$@" </dev/null
    elif have pacman; then
        as_root pacman -Sy --noconfirm --needed "$@" </dev/null
    elif have apk; then
        as_root apk add --quiet "$@" </dev/null
    elif have brew; then
        brew install --quiet "$@" </dev/null
    else
        say "no package manager that it knows: install these by hand: $*" >&2
        return 1
    fi
}

# The packages of commands that are missing, as "command:package" words.
missing() {
    local pair
    for pair in "$@"; do
        have "${pair%%:*}" || printf '%s\n' "${pair#*:}"
    done
}

install_missing() {
    local packages=() package
    while read -r package; do packages+=("$package"); done < <(missing "$@")
    if [ ${#packages[@]} -gt 0 ]; then
        say "installing ${packages[*]}"
        install_packages "${packages[@]}" || say "could not install ${packages[*]}" >&2
    fi
}

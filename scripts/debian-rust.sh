# The oldest Rust that Cargo.toml promises, as Debian has it, with the sources of its standard library, in .cache.
# Sourced by the scripts that compile with it:
#
#     debian_rust     sets and exports what cargo needs; fails where it cannot be had
#
# Needs debian-suite.sh. Runs in the folder of the workspace.

suite=trixie
msrv=$(sed -nE 's/^rust-version = "([0-9.]+)"/\1/p' Cargo.toml)
dest=$PWD/.cache/rust-$msrv

# cargo and rustc as scripts, which start them with their own C library.
fetch_rust() {
    local partial=$dest.partial
    rm -rf "$partial"
    unpack_suite "$suite" "$partial/root" rustc cargo libstd-rust-dev rust-src || return 1
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

debian_rust() {
    if [ ! -x "$dest/cargo" ] || [ ! -d "$dest/root/usr/lib/rustlib/src/rust/library" ]; then
        fetch_rust || return 1
    fi
    case $("$dest/rustc" --version) in
        "rustc $msrv".*) ;;
        *)
            say "the Rust of $suite is not $msrv: $("$dest/rustc" --version)"
            return 1
            ;;
    esac
    export RUSTC=$dest/rustc RUSTDOC=$dest/rustdoc
    cargo=("$dest/cargo")
}

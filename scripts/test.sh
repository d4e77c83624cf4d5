#!/usr/bin/env bash
# Runs every test, and repeats at the end what was skipped and why.
#
#     scripts/test.sh [--test NAME]... [-- ARGUMENTS OF THE TESTS...]
#
# Builds them all, then runs TEST_PROGRAMS of them at a time, one more than there are cores unless it is set: tests with
# a real daemon mostly wait for it. What each prints is shown when it has ended. With no test named, the
# documentation's examples are run, too.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
at_a_time=${TEST_PROGRAMS:-$(($(nproc) + 1))}
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}

chosen=() arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --)
            shift
            arguments=("$@")
            break
            ;;
        *) chosen+=("$1") ;;
    esac
    shift
done

folder=$(mktemp -d)
running=()
end() {
    for process in "${running[@]}"; do kill -- "-$process" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$cargo" test --locked --workspace --all-features --no-run --message-format=json-render-diagnostics "${chosen[@]}" \
    >"$folder/built" || exit
# A test program a line: the folder of its package, which it runs in, where it is, and the file it is made of.
sed -nE 's#^\{"reason":"compiler-artifact".*"manifest_path":"([^"]+)/Cargo.toml".*"src_path":"([^"]+)".*"profile":\{[^}]*"test":true\}.*"executable":"([^"]+)".*#\1\t\3\t\2#p' \
    "$folder/built" >"$folder/programs"
if [ ! -s "$folder/programs" ]; then
    printf 'test.sh: there are no test programs\n'
    exit 1
fi

# Runs one of them, as cargo does.
run() {
    local package=$1 program=$2 source=$3
    cd "$package"
    printf '\n     Running %s\n' "${source#"$root"/}"
    CARGO_MANIFEST_DIR=$package CARGO=$cargo "$program" "${arguments[@]}"
}

# Waits until one has ended, and shows what it has printed.
show_next() {
    local done status=0
    wait -n -p done "${running[@]}" || status=$?
    cat "$folder/$done.log"
    if [ $status != 0 ]; then failed+=("$(sed -n '2s/ *Running //p' "$folder/$done.log")"); fi
    local left=()
    for process in "${running[@]}"; do
        if [ "$process" != "$done" ]; then left+=("$process"); fi
    done
    running=("${left[@]}")
}

root=$PWD failed=()
# In groups of their own, so that they end whole.
set -m
while IFS=$'\t' read -r package program source; do
    if [ ${#running[@]} -ge "$at_a_time" ]; then show_next; fi
    { run "$package" "$program" "$source" >"$folder/$BASHPID.log" 2>&1; } </dev/null &
    running+=($!)
done <"$folder/programs"
set +m
while [ ${#running[@]} -gt 0 ]; do show_next; done
if [ ${#chosen[@]} = 0 ] && ! "$cargo" test --locked --workspace --all-features --doc 2>&1 | tee "$folder/doc.log"; then
    failed+=("the documentation's examples")
fi

# A test that cannot run here says `SKIPPED name: reason` and passes.
if grep -qho 'SKIPPED .*' "$folder"/*.log; then
    printf '\nNot tested here:\n'
    grep -ho 'SKIPPED .*' "$folder"/*.log | sed 's/^SKIPPED /  /' | sort -u
elif [ ${#failed[@]} = 0 ]; then
    printf '\nNothing was skipped.\n'
fi
if [ ${#failed[@]} != 0 ]; then
    printf '\nFailed:\n'
    printf '  %s\n' "${failed[@]}"
    exit 1
fi

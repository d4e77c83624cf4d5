#!/usr/bin/env bash
# All changes of scripts/mutants.sh in one compilation, and the library's own tests with each (mutants/).
#
#     scripts/mutants-at-once.sh [PART...]      all, or those named: demux, client/exchange, command, events, requests
#
# At most MUTANTS_SECONDS for the tests, 0 for as long as it takes; MUTANTS_WORKERS changes at a time, 2 unless it is set.
# Works in target/mutants-at-once. Needs cargo-mutants, for the list; ends with 3 without.
# Fails where a change is missed that docs/MUTANTS.md does not tell of.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
seconds=${MUTANTS_SECONDS:-0}
root=$PWD
work=$root/target/mutants-at-once
all=(demux client/exchange command events requests)

if ! "$cargo" mutants --version >/dev/null 2>&1; then
    printf 'mutants: not run: cargo install cargo-mutants --locked\n'
    exit 3
fi

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
files=()
for part in "${parts[@]}"; do
    if [[ ! " ${all[*]} " == *" $part "* ]]; then
        printf 'mutants: no part is named %s; there are: %s\n' "$part" "${all[*]}" >&2
        exit 2
    fi
    files+=(--file "src/$part/**")
done

export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 PROPTEST_CASES=${PROPTEST_CASES:-64}
"$cargo" build --locked --quiet --manifest-path mutants/Cargo.toml --target-dir "$work/tool"
tool=$work/tool/debug/mutants-at-once

copy() {
    mkdir -p "$work/tree"
    rm -rf "$work/tree/src"
    # What is there of the code now, committed or not.
    git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock README.md src crates programs benches \
        examples proptest-regressions | xargs -0 cp --parents -t "$work/tree"
    # The library's own tests use none of the first; what is planted keeps to no lints.
    sed -i -E '/^(lab|openvpn-mgmt-test|program_common) = \{ path/d; /^\[lints\]/,+1d' "$work/tree/Cargo.toml"
}

build() {
    (cd "$work/tree" && CARGO_TARGET_DIR=$work/target "$cargo" test --no-run --all-features -p openvpn-mgmt --lib \
        --message-format=json) >"$work/build.json" 2>"$work/build.log"
}

copy
(cd "$work/tree" && "$cargo" mutants --list --json --no-config --all-features -p openvpn-mgmt "${files[@]}") >"$work/list.json"
rm -f "$work/skip" "$work/results.jsonl"
touch "$work/skip"
# A change that does not compile is found by the compiler's errors and left out, until there is none.
while true; do
    copy
    "$tool" plant "$work/list.json" "$work/tree" "$work/own.jsonl" "$work/skip" >"$work/not-written"
    if build; then break; fi
    "$tool" errors "$work/own.jsonl" "$work/skip" <"$work/build.json"
done
tests=$(sed -nE '/"test":true\}/s/.*"executable":"([^"]*openvpn_mgmt-[^"]*)".*/\1/p' "$work/build.json" | tail -n 1)

limit=()
if [ "$seconds" != 0 ]; then limit=(timeout "$seconds"); fi
status=0
"${limit[@]}" "$tool" run --workers "${MUTANTS_WORKERS:-2}" "$work/list.json" "$work/own.jsonl" "$tests" "$work/tree" \
    "$work/results.jsonl" || status=$?
case $status in
    0) ;;
    124) printf 'mutants: there was no time for the others\n' ;;
    *) exit 1 ;;
esac
"$tool" table "$work/list.json" "$work/results.jsonl" docs/MUTANTS.md "$work/skip"

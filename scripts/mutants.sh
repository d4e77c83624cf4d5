#!/usr/bin/env bash
# Changes the code a little at a time, and says which changes no test of the library notices.
#
#     scripts/mutants.sh                        all of demux, exchange, command, events and requests
#     scripts/mutants.sh changed COMMIT         the lines of src that were changed since a commit
#     scripts/mutants.sh FILES [SHARD]          a glob, as 'src/demux/**'; a shard, as 0/8
#
# At most MUTANTS_SECONDS, 0 for as long as it takes. With MUTANTS_OWN=FOLDER, as client/exchange, the tests of that folder
# of src alone are compiled and run, without features: a tenth of the time, and what they miss, others may notice. Works
# in a copy, target/mutants, from which what the library's own tests do not need is taken out, so that a change is one
# compilation. Needs cargo-mutants; ends with 3 without.
# Fails where a change is missed that docs/MUTANTS.md does not explain.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${MUTANTS_SECONDS:-0}
own=${MUTANTS_OWN:-}
work=$PWD/target/mutants

if ! cargo mutants --version >/dev/null 2>&1; then
    printf 'mutants: not run: cargo install cargo-mutants --locked\n'
    exit 3
fi

copy() {
    mkdir -p "$work/tree"
    rm -rf "$work/tree/src"
    # What is there of the code now, committed or not. As new, so that nothing compiled of a change that was
    # interrupted is taken for it.
    git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock README.md src crates programs benches \
        examples proptest-regressions | xargs -0 cp --parents -t "$work/tree"
    # The library's own tests use none of these, and each would be compiled anew with every change.
    sed -i -E '/^(lab|openvpn-mgmt-test|program_common) = \{ path/d' "$work/tree/Cargo.toml"
    if [ -n "$own" ]; then
        find "$work/tree/src" -name '*.rs' ! -path "$work/tree/src/$own/*" -exec sed -i 's/#\[cfg(test)\]/#[cfg(any())]/' {} +
    fi
}

files=('src/demux/**' 'src/client/exchange/**' 'src/command/**' 'src/events/**' 'src/requests/**')
choice=()
case ${1:-all} in
    all) for glob in "${files[@]}"; do choice+=(--file "$glob"); done ;;
    changed)
        mkdir -p "$work"
        git diff "${2:?the commit}" -- src >"$work/changed.diff"
        if [ ! -s "$work/changed.diff" ]; then
            printf 'mutants: nothing of src was changed since %s\n' "$2"
            exit 0
        fi
        choice+=(--in-diff "$work/changed.diff")
        for glob in "${files[@]}"; do choice+=(--file "$glob"); done
        ;;
    *)
        choice+=(--file "$1")
        if [ -n "${2:-}" ]; then choice+=(--shard "$2"); fi
        ;;
esac

features=(--all-features)
if [ -n "$own" ]; then features=(); fi
copy
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 PROPTEST_CASES=${PROPTEST_CASES:-64}
limit=()
if [ "$seconds" != 0 ]; then limit=(timeout --signal=INT "$seconds"); fi
status=0
(cd "$work/tree" && "${limit[@]}" cargo mutants --in-place "${features[@]}" -p openvpn-mgmt -C=--lib \
    --minimum-test-timeout ${MUTANTS_TIMEOUT:-60} --colors never --no-shuffle -o "$work" "${choice[@]}") || status=$?
# 2: some were missed; 124: there was no more time.
case $status in
    0 | 2 | 3 | 124) ;;
    *) exit 1 ;;
esac

out=$work/mutants.out
printf 'mutants: caught %s, missed %s, timed out %s, not compiled %s\n' \
    "$(wc -l <"$out/caught.txt")" "$(wc -l <"$out/missed.txt")" "$(wc -l <"$out/timeout.txt")" "$(wc -l <"$out/unviable.txt")"
if [ $status = 124 ]; then printf 'mutants: there was no time for the others\n'; fi
# Lines move; what is changed in which function stays.
plain() { sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /'; }
missed=$(plain <"$out/missed.txt" | sort -u | grep -vxFf <(sed -n 's/^- `\(.*\)`:.*/\1/p' docs/MUTANTS.md) || true)
if [ -n "$missed" ]; then
    printf 'No test notices these:\n%s\n' "$missed"
    exit 1
fi

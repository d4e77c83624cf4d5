#!/usr/bin/env bash
# Line coverage of `src` by every test of the workspace, its test code left out: a table by folder, and each
# line in target/coverage/lcov.info.
#
#     scripts/coverage.sh [ARGUMENTS OF cargo test...]
#
# Processes that a test kills by a signal leave no counts, and the documentation's examples are not counted.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
out=$PWD/target/coverage
export CARGO_TARGET_DIR=$out/build CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}

tools=$(rustc --print target-libdir)/../bin
if [ ! -x "$tools/llvm-cov" ]; then
    rustup component add llvm-tools >/dev/null
fi

rm -rf "$out/raw"
mkdir -p "$out/raw"
# Only crates of the workspace are counted: what they depend on runs as fast as ever.
printf '#!/bin/sh\nexec "$@" -C instrument-coverage\n' >"$out/rustc"
chmod +x "$out/rustc"
export RUSTC_WORKSPACE_WRAPPER=$out/rustc LLVM_PROFILE_FILE=$out/raw/%4m.profraw

tests=(test --locked --workspace --all-features --lib --bins --tests --examples "$@")
"$cargo" "${tests[@]}" --no-run --message-format=json >"$out/built.json"
status=0
"$cargo" "${tests[@]}" --no-fail-fast || status=$?

objects=()
while read -r executable; do
    objects+=(-object "$executable")
done < <(grep -o '"executable":"[^"]*"' "$out/built.json" | cut -d'"' -f4 | sort -u)
"$tools/llvm-profdata" merge -sparse "$out"/raw/*.profraw -o "$out/all.profdata"
"$tools/llvm-cov" export -format=lcov -instr-profile="$out/all.profdata" "${objects[@]}" >"$out/lcov.info"

# The tests of a file stand at its end.
awk -v root="$PWD/src/" '
    /^SF:/ {
        file = substr($0, 4)
        counts = index(file, root) == 1 && file !~ /\/tests\.rs$|\/tests\//
        if (!counts) next
        folder = substr(file, length(root) + 1)
        sub(/\/.*/, "", folder)
        end = 0
        for (number = 1; (getline line < file) > 0; number++) {
            if (before == "#[cfg(test)]" && line ~ /^mod /) { end = number; break }
            before = line
        }
        close(file)
        next
    }
    counts && /^DA:/ {
        split(substr($0, 4), part, ",")
        if (end && part[1] + 0 >= end) next
        lines[folder]++
        if (part[2] + 0 > 0) covered[folder]++
    }
    END {
        for (folder in lines) {
            printf "%-12s %6d of %6d lines  %5.1f %%\n", folder, covered[folder], lines[folder],
                100 * covered[folder] / lines[folder] | "sort"
            all += lines[folder]
            hit += covered[folder]
        }
        close("sort")
        printf "%-12s %6d of %6d lines  %5.2f %%\n", "src", hit, all, 100 * hit / all
    }' "$out/lcov.info"
exit $status

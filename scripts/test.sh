#!/usr/bin/env bash
# Runs every test, and repeats at the end what was skipped and why.
#
#     scripts/test.sh [ARGUMENTS OF cargo test...]
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests with a real daemon mostly wait for it.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
"${CARGO:-cargo}" test --locked --workspace --all-features "$@" 2>&1 | tee "$log" || status=$?

# A test that cannot run here says `SKIPPED name: reason` and passes.
if grep -qo 'SKIPPED .*' "$log"; then
    printf '\nNot tested here:\n'
    grep -o 'SKIPPED .*' "$log" | sed 's/^SKIPPED /  /' | sort -u
elif [ $status = 0 ]; then
    printf '\nNothing was skipped.\n'
fi
exit $status

#!/usr/bin/env bash
# Merges what the matrix suite recorded for each version, fails where a command or an
# event is missing, prints the table, and writes docs/MATRIX.md; with CI set, compares it.
#
#     scripts/matrix-table.sh RECORDS
set -euo pipefail
cd "$(dirname "$0")/.."

MATRIX_RESULTS=$(cd "$1" && pwd) "${CARGO:-cargo}" test --locked --all-features --quiet \
    --test matrix_table -- --include-ignored --nocapture

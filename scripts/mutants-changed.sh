#!/usr/bin/env bash
# The gate's part of scripts/mutants.sh: the lines of demux, exchange, commands, events and requests that were changed
# since the commit of scripts/mutants.since, for MUTANTS_SECONDS at most, 120 unless it is set. All that was changed before
# was run once (docs/MUTANTS.md says what was). Installs cargo-mutants into target/tools where it is missing, which
# takes some three minutes; ends with 3 where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
since=$(cat scripts/mutants.since)
export MUTANTS_SECONDS=${MUTANTS_SECONDS:-120}

if ! git cat-file -e "$since^{commit}" 2>/dev/null; then
    printf 'mutants: not run: the commit %s is not here\n' "$since"
    exit 3
fi
if git diff --quiet "$since" -- src/demux src/client/exchange src/command src/events src/requests; then
    printf 'mutants: nothing of these folders was changed since %s\n' "$since"
    exit 0
fi
PATH=$PATH:$PWD/target/tools/bin
if ! cargo mutants --version >/dev/null 2>&1 &&
    ! timeout 300 cargo install cargo-mutants --locked --quiet --root target/tools; then
    printf 'mutants: not run: cargo-mutants cannot be installed\n'
    exit 3
fi
scripts/mutants.sh changed "$since"

#!/usr/bin/env bash
# Counts the instructions of fixed works (benches/instructions) in this tree and at the
# commit named in benches/baseline, with the same compiler, and fails where one takes
# over 3 % more. Ends with status 3 where they cannot be compared.
#
# Where a change is worth what it costs, or has made things faster, benches/baseline is
# moved by hand, with the reason in that commit.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh

tolerance=3
cargo=${CARGO:-cargo}
target=$PWD/target/instructions
baseline=$(grep -v '^#' benches/baseline 2>/dev/null) || baseline=
worktree=$PWD/target/baseline

unable() {
    say "not compared: $*"
    exit 3
}

# The measuring program of the tree in $1, as $2.
build() {
    "$cargo" build --quiet --release --locked --package instructions \
        --manifest-path "$1/benches/peers/Cargo.toml" --target-dir "$target" || return 1
    cp "$target/release/instructions" "$2"
}

# `git worktree remove` refuses where a run was cut off, and leaves its entry.
leave() {
    rm -rf "$worktree"
    git worktree prune
}

# How many instructions $1 takes for the work $2.
count() {
    local log
    log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        '--toggle-collect=*measured*' "$1" "$2" 2>&1) || { printf '%s\n' "$log" >&2; return 1; }
    sed -nE 's/.* Collected : ([0-9]+)$/\1/p' <<<"$log"
}

# Lines of work, units, instructions here, and there, which are 0 where it has no such work.
counts() {
    local work units here there known
    known=$("$target/there" list)
    "$target/here" list | while read -r work units; do
        here=$(count "$target/here" "$work")
        there=0
        if grep -q "^$work $units\$" <<<"$known"; then
            there=$(count "$target/there" "$work")
        fi
        printf '%s %s %s %s\n' "$work" "$units" "$here" "$there"
    done
}

[ -n "$baseline" ] || unable "benches/baseline names no commit"
install_missing valgrind:valgrind
have valgrind || unable "there is no valgrind"
git cat-file -e "$baseline^{commit}" 2>/dev/null ||
    unable "the commit of benches/baseline, $baseline, is not in this clone"
git cat-file -e "$baseline:benches/instructions/Cargo.toml" 2>/dev/null ||
    unable "$baseline has no benches/instructions"

mkdir -p "$target"
trap leave EXIT
leave
git worktree add --quiet --detach "$worktree" "$baseline"
say "building this tree and $(git log -1 --format='%h (%s)' "$baseline")"
build . "$target/here"
build "$worktree" "$target/there"
counts >"$target/counts"

awk -v tolerance="$tolerance" '
    BEGIN { printf "%-18s %14s %14s %9s\n", "instructions", "baseline", "this tree", "change" }
    $4 == 0 { printf "%-18s %14s %14.1f %9s\n", $1, "none", $3 / $2, ""; next }
    {
        change = 100 * ($3 - $4) / $4
        bad = change > tolerance
        worse += bad
        printf "%-18s %14.1f %14.1f %+8.1f%%%s\n", $1, $4 / $2, $3 / $2, change, bad ? "  too many" : ""
    }
    END {
        if (NR == 0) { print "nothing was counted"; exit 1 }
        printf "For each line, or round trip of the exchange; at most %d %% more is let through.\n", tolerance
        exit worse > 0
    }' "$target/counts"

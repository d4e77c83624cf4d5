#!/usr/bin/env bash
# Looks that what papers name is there: each file that they link to, and each test and function that they name.
#
#     scripts/named-tests.sh [PAPER...]
set -euo pipefail
cd "$(dirname "$0")/.."
papers=("$@")
[ ${#papers[@]} -gt 0 ] || papers=(SECURITY.md README.md CONTRIBUTING.md docs/LASTING.md docs/POLICY.md docs/PROOF.md)

# Names of three words or more: shorter ones may be anything.
named() {
    grep -oE '`[a-z0-9]+(_[a-z0-9]+){2,}`' "$1" | tr -d '`' | sort -u
}

linked() {
    grep -oE '\]\([^)#: ]+' "$1" | cut -c3- | grep -vE '^https?$' | sort -u
}

known=$(git ls-files '*.rs' | xargs grep -ohE '\bfn [a-z0-9_]+' | cut -c4- | sort -u)
count=0 failed=0
for paper in "${papers[@]}"; do
    while read -r name; do
        count=$((count + 1))
        if ! grep -qxF "$name" <<<"$known"; then
            printf '%s: there is no function %s\n' "$paper" "$name" >&2
            failed=1
        fi
    done < <(named "$paper")
    while read -r file; do
        count=$((count + 1))
        if [ ! -e "$(dirname "$paper")/$file" ]; then
            printf '%s: there is no file %s\n' "$paper" "$file" >&2
            failed=1
        fi
    done < <(linked "$paper")
done
((failed == 0)) && printf 'named-tests.sh: %s files and functions that papers name are there\n' "$count"

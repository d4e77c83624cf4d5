#!/usr/bin/env bash
# Runs all of scripts/test.sh again and again while a busy loop a core keeps the machine busy.
# Says how long each run took and what failed in it, and at the end how often each test did.
#
#     scripts/busy.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10}

folder=$(mktemp -d)
loops=()
test=
end() {
    for loop in "${loops[@]}"; do kill "$loop" 2>/dev/null || true; done
    [ -z "$test" ] || kill -- "-$test" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for ((core = 0; core < $(nproc); core++)); do
    # One ends with this script even where that is killed.
    while kill -0 $$; do :; done 2>/dev/null &
    loops+=($!)
done
printf '%s runs, with %s busy loops beside them\n' "$runs" "${#loops[@]}"

# The names in the lists that end with a summary: `failures:` also begins what each test said.
failed_tests() {
    awk '/^failures:$/ { n = 0; listed = 1; next }
         /^test result:/ { for (i = 0; i < n; i++) print names[i]; n = 0; listed = 0 }
         listed && /^    / { names[n++] = substr($0, 5) }' "$1"
}

bad=0
for ((run = 1; run <= runs; run++)); do
    log=$folder/$run.log
    status=0
    SECONDS=0
    # In the background, so that a signal is heard at once, and as a group, so that it ends whole.
    set -m
    scripts/test.sh >"$log" 2>&1 </dev/null &
    test=$!
    set +m
    wait "$test" || status=$?
    test=
    failed_tests "$log" >"$folder/$run.failed"
    printf 'run %s: %s s, %s failures\n' "$run" "$SECONDS" "$(wc -l <"$folder/$run.failed")"
    if [ $status != 0 ]; then
        bad=$((bad + 1))
        sed 's/^/    /' "$log"
    fi
done

if [ $bad != 0 ]; then
    printf '\n%s of %s runs failed; how often each test did:\n' "$bad" "$runs"
    cat "$folder"/*.failed | sort | uniq -c
    exit 1
fi
printf 'None of %s runs failed.\n' "$runs"

#!/usr/bin/env bash
# Runs the long proofs one after another, and writes what each says of itself into target/soak/figures.md, from where a
# person carries it over to docs/PROOF.md.
#
#     scripts/soak.sh [PART...]      all, or those named
#
# Each has a budget that a variable changes; 0 leaves the part out:
#
#     SIMULATION_SEEDS=1000000       worlds of crates/simulation; SIMULATION_SECONDS ends them sooner
#     PLANTED=all                    defects to put back, for the tests they name and for the simulation: all, or a name or number
#     PROPERTY_CASES=20000           cases of each property
#     RANDOM_COMMANDS=100000         commands that the fake daemon and a real one are both sent
#     FUZZ_SECONDS=3600              for each target, or FUZZ_TARGET
#     MUTANTS_SECONDS=86400          in all; MUTANTS_PARTS, as "demux events", in place of all
#     CHAOS=long                     or short; on each version that scripts/fetch-openvpn.sh has fetched
#     RESTARTS=100                   of two servers, while clients keep coming
#     MARATHON_SECONDS=600           of one session that is driven wrongly
#     RUNS=10                        of all tests, on a machine that is kept busy
#
# A part that is missing here says so and is left out; one that fails does not keep the others from running.
set -uo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
work=$PWD/target/soak
figures=$work/figures.md
parts=(simulation planted properties fake fuzz mutants chaos restarts marathon busy)
missing=3

# Says why a part does not run.
left_out() {
    printf 'not run: %s\n' "$*"
    return $missing
}

tests() { "$cargo" test --locked --all-features "$@"; }

simulation() {
    local seeds=${SIMULATION_SEEDS:-1000000} limit=()
    [ "$seeds" != 0 ] || { left_out SIMULATION_SEEDS=0; return; }
    [ -d crates/simulation ] || { left_out 'there is no crates/simulation'; return; }
    [ -z "${SIMULATION_SECONDS:-}" ] || limit=(--seconds "$SIMULATION_SECONDS")
    "$cargo" run --quiet --release --locked -p simulation -- --seeds "$seeds" --soak "${limit[@]}"
}

planted() {
    local which=${PLANTED:-all} names=()
    [ "$which" != 0 ] || { left_out PLANTED=0; return; }
    [ -x scripts/planted.sh ] || { left_out 'there is no scripts/planted.sh'; return; }
    [ "$which" = all ] || names=("$which")
    local status=0
    scripts/planted.sh find "${names[@]}" || status=1
    # Those that a simulation is known to find; where one is named, that one, whatever is known of it.
    scripts/planted.sh simulate "${names[@]}" || status=1
    return $status
}

properties() {
    local cases=${PROPERTY_CASES:-20000} file tests=(--lib)
    [ "$cases" != 0 ] || { left_out PROPERTY_CASES=0; return; }
    for file in tests/*.rs; do
        if grep -rqE 'proptest!' "$file" "${file%.rs}" 2>/dev/null; then tests+=(--test "$(basename "${file%.rs}")"); fi
    done
    PROPTEST_CASES=$cases tests "${tests[@]}"
}

fake() {
    local commands=${RANDOM_COMMANDS:-100000}
    [ "$commands" != 0 ] || { left_out RANDOM_COMMANDS=0; return; }
    RANDOM_COMMANDS=$commands tests -p openvpn-mgmt-test --test answers any_
}

fuzz() {
    local seconds=${FUZZ_SECONDS:-3600}
    [ "$seconds" != 0 ] || { left_out FUZZ_SECONDS=0; return; }
    scripts/fuzz.sh "${FUZZ_TARGET:-all}" "$seconds"
}

mutants() {
    local seconds=${MUTANTS_SECONDS:-86400} parts=()
    [ "$seconds" != 0 ] || { left_out MUTANTS_SECONDS=0; return; }
    [ -z "${MUTANTS_PARTS:-}" ] || read -ra parts <<<"$MUTANTS_PARTS"
    MUTANTS_SECONDS=$seconds scripts/mutants-at-once.sh "${parts[@]}"
}

chaos() {
    local form=${CHAOS:-long} status=0 wrapper versions=()
    [ "$form" != 0 ] || { left_out CHAOS=0; return; }
    for wrapper in "$PWD"/.cache/openvpn/[0-9]*/openvpn; do
        if [ -x "$wrapper" ]; then versions+=("$wrapper"); fi
    done
    # One at a time: the memory of the process is sampled.
    local run=(--test chaos -- --nocapture --test-threads 1)
    if [ ${#versions[@]} = 0 ]; then
        printf 'OpenVPN as installed\n'
        CHAOS=$form tests "${run[@]}" || status=1
    fi
    for wrapper in "${versions[@]}"; do
        printf 'OpenVPN %s\n' "$(basename "$(dirname "$wrapper")")"
        OPENVPN_BIN=$wrapper CHAOS=$form tests "${run[@]}" || status=1
    done
    return $status
}

restarts() {
    [ "${RESTARTS:-100}" != 0 ] || { left_out RESTARTS=0; return; }
    RESTARTS=${RESTARTS:-100} tests --test restarts -- --nocapture
}

marathon() {
    [ "${MARATHON_SECONDS:-600}" != 0 ] || { left_out MARATHON_SECONDS=0; return; }
    MARATHON_SECONDS=${MARATHON_SECONDS:-600} tests --test marathon -- --nocapture
}

busy() {
    local runs=${RUNS:-10}
    [ "$runs" != 0 ] || { left_out RUNS=0; return; }
    scripts/busy.sh "$runs"
}

# What of a log are figures: not what cargo and the test harness say of their own progress.
summary() {
    sed -E '/^test .* FAILED$/b; s/^test [^ ]+ \.\.\. //; /^(ok|ignored.*)?$/d; /^running |SKIPPED/d
        /^ *(Compiling|Finished|Running|Executable|Doc-tests|Blocking|Downloaded|Downloading|Updating) /d' "$1" |
        tail -n 80 | cut -c1-400
}

chosen=("$@")
[ ${#chosen[@]} -gt 0 ] || chosen=("${parts[@]}")
for part in "${chosen[@]}"; do
    if [[ ! " ${parts[*]} " == *" $part "* ]]; then
        printf 'soak: no part is named %s; there are: %s\n' "$part" "${parts[*]}" >&2
        exit 2
    fi
done

mkdir -p "$work"
commit=$(git rev-parse --short HEAD 2>/dev/null || printf 'no commit')
git diff --quiet HEAD 2>/dev/null || commit+=', changed'
printf '# Figures of %s, commit %s, %s cores\n' "$(date -u +%F)" "$commit" "$(nproc)" >"$figures"
passed=() failed=() skipped=()
for part in "${chosen[@]}"; do
    log=$work/$part.log
    status=0 from=$SECONDS
    printf '\n### %s\n' "$part"
    "$part" 2>&1 </dev/null | tee "$log" || status=${PIPESTATUS[0]}
    took=$((SECONDS - from))
    case $status in
        0) passed+=("$part") said=passed ;;
        "$missing") skipped+=("$part") said='not run' ;;
        *) failed+=("$part") said=FAILED ;;
    esac
    {
        printf '\n## %s: %s, %s s\n\n```text\n' "$part" "$said" "$took"
        summary "$log"
        printf '```\n'
    } >>"$figures"
    printf '### %s: %s, %s s\n' "$part" "$said" "$took"
done

printf '\nsoak: passed: %s; not run: %s; failed: %s; the figures are in %s\n' \
    "${passed[*]:-none}" "${skipped[*]:-none}" "${failed[*]:-none}" "${figures#"$PWD"/}"
[ ${#failed[@]} = 0 ]

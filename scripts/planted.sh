#!/usr/bin/env bash
# Puts defects back into the code, each of them by a patch of planted/, and says which tests notice.
#
#     scripts/planted.sh check            each patch applies and builds, and docs/PLANTED.md tells of each
#     scripts/planted.sh find [NAME...]   each, or those named (04, or a part of the name), is noticed by what it names
#     scripts/planted.sh simulate [NAME...]  each that is `within N seeds`, or those named, breaks a law in a simulation;
#                                         `expected` names all that were not run yet
#     scripts/planted.sh table            writes docs/PLANTED.md anew
#
# A patch begins with what the defect is, and with lines of the form `Word: …`:
#
#     Law: the number of the law of README.md that it breaks
#     Origin: was here, or made up
#     Found-by: cargo test --all-features --lib FILTER, or --test NAME FILTER, or simulation SEEDS
#     Simulation: within N seeds, or: not in N seeds, or, while it was not run: expected, or: cannot, because …
#
# Works in a copy below target/planted, with a target of its own, so that nothing planted is ever taken for the code.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$root/target/planted/${1:-none}
tree=$work/tree
paper=docs/PLANTED.md
# What a defect keeps from ending counts as found after so many seconds.
limit=${PLANTED_SECONDS:-120}
# So many worlds are run for a defect whose patch does not say in how many it is found.
seeds=${PLANTED_SEEDS:-1000}
# Without debug information, and incremental also in the gate: a patch changes a few lines of one crate.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_INCREMENTAL=1 CARGO_TERM_COLOR=never
export CARGO_TARGET_DIR=$work/build
# The copy lies within the repository, whose paths its patches must not be taken for.
export GIT_CEILING_DIRECTORIES=$work

# In the order of their numbers.
patches() { ls -v planted/*.patch; }

name_of() { basename "$1" .patch; }

# The value of a line `Word: value`, before the first file.
header() { sed -n "/^diff --git/q; s/^$2: //p" "$1"; }

# What the defect is, in one line.
defect() { sed -n '/^diff --git/q; /^[A-Z][A-Za-z-]*: /q; p' "$1" | tr '\n' ' ' | sed 's/ *$//'; }

copy() {
    mkdir -p "$tree"
    rm -rf "${tree:?}/src" "${tree:?}/tests"
    # What is there of the code now, committed or not. As new, so that nothing compiled of a defect is taken for it.
    git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock README.md CHANGELOG.md src crates \
        programs benches docs examples tests proptest-regressions .cargo | xargs -0 cp --parents -t "$tree"
}

# Each of these would be compiled anew with every defect: the library's own tests use none, and those of tests/ use the
# kit alone and the lab.
without() {
    cp Cargo.toml Cargo.lock "$tree"
    sed -i -E "/^($1) = \\{ path/d" "$tree/Cargo.toml"
}

plant() { git -C "$tree" apply --whitespace=nowarn "$1"; }

restore() {
    rm -rf "${tree:?}/src"
    cp -r src "$tree/src"
}

build() { (cd "$tree" && cargo check --quiet --lib --all-features) >"$work/build.log" 2>&1; }

# What a patch says of itself.
check_header() {
    local patch=$1 word known=0 found_by test
    for word in Law Origin Found-by Simulation; do
        if [ "$(header "$patch" "$word" | grep -c .)" != 1 ]; then
            printf '%s: it has not one line %s\n' "$patch" "$word:" >&2
            known=1
        fi
    done
    [ -n "$(defect "$patch")" ] || { printf '%s: it does not say what the defect is\n' "$patch" >&2; known=1; }
    found_by=$(header "$patch" Found-by)
    case $found_by in
        'simulation '[0-9]*) ;;
        'cargo test --all-features --lib '* | 'cargo test --all-features --test '*)
            test=${found_by##*[: ]}
            if ! grep -rqE "\bfn $test\b" src tests; then
                printf '%s: there is no test %s\n' "$patch" "$test" >&2
                known=1
            fi
            ;;
        *) printf '%s: nobody can run: %s\n' "$patch" "$found_by" >&2; known=1 ;;
    esac
    if ! header "$patch" Simulation | grep -qE '^(expected|within [1-9][0-9]* seeds|not in [1-9][0-9]* seeds(, as .+)?|cannot, because .+)$'; then
        printf '%s: this is not known of a simulation: %s\n' "$patch" "$(header "$patch" Simulation)" >&2
        known=1
    fi
    return $known
}

# How many of them a simulation finds.
write_summary() {
    local patch all=0 within=0 most=0 not=0 cannot=0 expected=0 said
    for patch in $(patches); do
        said=$(header "$patch" Simulation)
        all=$((all + 1))
        case $said in
            within*) within=$((within + 1)) said=${said//[^0-9]/} most=$((said > most ? said : most)) ;;
            not*) not=$((not + 1)) ;;
            cannot*) cannot=$((cannot + 1)) ;;
            *) expected=$((expected + 1)) ;;
        esac
    done
    printf 'Of %s defects, a simulation finds %s, each within the seeds that are stated, %s at most; %s it did not find in as many as\n' \
        "$all" "$within" "$most" "$not"
    printf 'are stated; %s it cannot see; %s are expected to be found, and were not run.\n\n' "$cannot" "$expected"
}

write_table() {
    local patch found_by
    sed '/^Of [0-9]* defects/,$d' "$paper"
    write_summary
    printf '| # | defect | law | origin | found by | a simulation |\n| --- | --- | --- | --- | --- | --- |\n'
    for patch in $(patches); do
        found_by=$(header "$patch" Found-by)
        found_by=${found_by#cargo test --all-features }
        printf '| %s | %s | %s | %s | `%s` | %s |\n' "$(name_of "$patch" | cut -d- -f1)" "$(defect "$patch")" \
            "$(header "$patch" Law)" "$(header "$patch" Origin)" "$found_by" "$(header "$patch" Simulation)"
    done
}

# Builds many at once: those that do not touch the same lines. Where a group does not build, one by one.
check() {
    local failed=0 patch group=0 together rest remaining
    mapfile -t remaining < <(patches)
    local all=${#remaining[@]}
    copy
    without 'lab|openvpn-mgmt-test|program_common'
    for patch in "${remaining[@]}"; do
        check_header "$patch" || failed=1
        if ! git -C "$tree" apply --check "$root/$patch"; then
            printf '%s: it does not apply\n' "$patch" >&2
            failed=1
        fi
    done
    ((failed == 0)) || return 1
    if ! diff <(write_table) "$paper"; then
        printf '%s is not of these patches: scripts/planted.sh table\n' "$paper" >&2
        return 1
    fi
    while [ ${#remaining[@]} -gt 0 ]; do
        together=() rest=()
        for patch in "${remaining[@]}"; do
            if plant "$root/$patch" 2>/dev/null; then together+=("$patch"); else rest+=("$patch"); fi
        done
        group=$((group + 1))
        if ! build; then
            for patch in "${together[@]}"; do
                restore
                plant "$root/$patch"
                build || { printf '%s: it does not build\n' "$patch" >&2; cat "$work/build.log" >&2; failed=1; }
            done
        fi
        restore
        remaining=("${rest[@]}")
    done
    ((failed == 0)) || return 1
    printf 'planted.sh: %s patches apply and build, in %s groups\n' "$all" "$group"
}

# Says what became of one: found, or not.
find_one() {
    local patch=$1 name found_by status=0 from=$SECONDS log=$work/run.log words
    name=$(name_of "$patch")
    found_by=$(header "$patch" Found-by)
    restore
    if ! plant "$root/$patch"; then
        printf '%s: NOT FOUND: it does not apply\n' "$name"
        return 1
    fi
    case $found_by in
        simulation\ *)
            words=(cargo run --quiet -p simulation -- --seeds "${found_by#simulation }")
            (cd "$tree" && cargo build --quiet -p simulation) >"$log" 2>&1 || status=101
            ;;
        *)
            read -ra words <<<"$found_by"
            (cd "$tree" && "${words[@]}" --quiet --no-run) >"$log" 2>&1 || status=101
            ;;
    esac
    if [ $status != 0 ]; then
        printf '%s: NOT FOUND: it does not build\n' "$name"
        tail -n 30 "$log" >&2
        return 1
    fi
    (cd "$tree" && timeout --kill-after=5 "$limit" "${words[@]}") >"$log" 2>&1 || status=$?
    if [ $status = 0 ]; then
        printf '%s: NOT FOUND by %s\n' "$name" "$found_by"
        return 1
    fi
    # 124, or 137 where it had to be killed.
    case $status in
        124 | 137) unending=$((unending + 1)); printf '%s: found, as it does not end in %s s, by %s' "$name" "$limit" "$found_by" ;;
        *) printf '%s: found by %s' "$name" "$found_by" ;;
    esac
    printf ' (%s s)\n' $((SECONDS - from))
}

# Those of the library first: they need less to be compiled.
chosen() {
    local patch name wanted
    for patch in $(patches); do
        wanted=$([ $# = 0 ] && echo yes || echo no)
        for name in "$@"; do
            case $name/$(name_of "$patch") in "${name//[^0-9]/}/$name-"* | *[^0-9]*/*"$name"*) wanted=yes ;; esac
        done
        [ "$wanted" = no ] || printf '%s %s\n' "$(header "$patch" Found-by | grep -q -- ' --lib ' && echo 1 || echo 2)" "$patch"
    done | sort -s -k1,1
}

find_all() {
    local kind patch last=0 count=0 found=0
    unending=0
    copy
    without 'lab|openvpn-mgmt-test|program_common'
    while read -r kind patch <&3; do
        if [ "$kind" != "$last" ] && [ "$kind" = 2 ]; then
            without program_common
        fi
        last=$kind count=$((count + 1))
        if find_one "$patch"; then found=$((found + 1)); fi
    done 3< <(chosen "$@")
    printf 'planted: %s of %s found, %s of them by not ending, in %s s\n' "$found" "$count" "$unending" "$SECONDS"
    [ "$count" -gt 0 ] && [ "$found" = "$count" ]
}

# Only the crates that change are compiled anew for each defect, and not optimized: built in a fraction of the time, and few
# worlds are needed.
build_simulation() {
    local package options=()
    for package in openvpn-mgmt openvpn-mgmt-test simulation; do
        for option in opt-level=0 debug=0 codegen-units=256; do
            options+=(--config "profile.release.package.$package.$option")
        done
    done
    (cd "$tree" && cargo build --quiet --release -p simulation "${options[@]}") >"$work/build.log" 2>&1
}

# Runs the worlds of one defect, and writes into its verdict what came of it: found or not, and a sentence.
run_worlds() {
    local name=$1 worlds=$2 status=0 log=$work/$1.log how at
    # A defect may hold memory without end. What has no end says so, unless its clock stands still, too.
    (ulimit -v 8000000 && timeout --kill-after=5 $((limit + 120)) "$work/simulation" --seeds "$worlds" \
        --seconds "$limit" --no-shrink) >"$log" 2>&1 || status=$?
    how=$(sed -n 's/^broken: //p' "$log" | head -n 1 | cut -c1-120)
    at=$(sed -n 's/^seed //p' "$log" | head -n 1)
    if [ $status = 0 ]; then
        printf 'not found in %s seeds\n' "$(sed -n 's/ worlds in .*//p' "$log")" >"$work/$name.verdict"
    else
        printf 'found: law %s, at seed %s\n' "${how:-of its own, as it ends with status $status}" "${at:-unknown}" \
            >"$work/$name.verdict"
    fi
}

# Says what became of the worlds of one, once they have ended.
tell_simulated() {
    local name=$1 said=$2 verdict
    verdict=$(cat "$work/$name.verdict")
    printf '%s: %s\n' "$name" "$verdict"
    case $verdict/$said in
        found*) found=$((found + 1)) ;;
        */within*) lost+=("$name") ;;
    esac
}

# The next one is built while the worlds of one run.
simulate_all() {
    local patch name said kind worlds before=() count=0 found=0 lost=()
    copy
    while read -r kind patch <&3; do
        name=$(name_of "$patch") said=$(header "$patch" Simulation) worlds=$seeds
        case $said in within*) worlds=${said//[^0-9]/} ;; esac
        count=$((count + 1))
        restore
        plant "$root/$patch"
        if ! build_simulation; then
            printf '%s: it does not build\n' "$name"
            tail -n 30 "$work/build.log" >&2
            lost+=("$name")
            continue
        fi
        wait
        [ ${#before[@]} = 0 ] || tell_simulated "${before[@]}"
        cp -f "$CARGO_TARGET_DIR/release/simulation" "$work/simulation"
        run_worlds "$name" "$worlds" &
        before=("$name" "$said")
    done 3< <(to_simulate "$@")
    wait
    [ ${#before[@]} = 0 ] || tell_simulated "${before[@]}"
    printf 'planted: %s of %s found by a simulation, in %s s\n' "$found" "$count" "$SECONDS"
    [ "$count" -gt 0 ] || return 1
    [ ${#lost[@]} = 0 ] || { printf 'planted: no longer found: %s\n' "${lost[*]}" >&2; return 1; }
}

# Those that are named; without names, those that a simulation is known to find.
to_simulate() {
    local kind patch
    case ${1:-within} in
        within | expected)
            while read -r kind patch; do
                case $(header "$patch" Simulation) in "${1:-within}"*) printf '%s %s\n' "$kind" "$patch" ;; esac
            done < <(chosen)
            ;;
        *) chosen "$@" ;;
    esac
}

case ${1:-} in
    check) check ;;
    find) shift && find_all "$@" ;;
    simulate) shift && simulate_all "$@" ;;
    table)
        table=$(write_table)
        printf '%s\n' "$table" >"$paper"
        ;;
    *) sed -n '2,8p' "$0"; exit 2 ;;
esac

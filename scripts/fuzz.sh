#!/usr/bin/env bash
# Fuzzes one target, or each in turn; a crash fails, with its input and the command that replays it.
#
#     scripts/fuzz.sh [TARGET|all] [SECONDS]    60 seconds each by default
#     SANITIZER=address scripts/fuzz.sh …       with AddressSanitizer, by the bootstrap switch of the toolchain
#
# Built by plain cargo with the toolchain in use: what the fuzzer is told of the code is an ordinary pass of LLVM.
# What was learned stays in target/fuzz/corpus. Ends with 3 where there is no C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
wanted=${1:-all}
seconds=${2:-60}
sanitizer=${SANITIZER:-}
work=$PWD/target/fuzz

if ! command -v c++ >/dev/null; then
    printf 'fuzz: not run: libFuzzer needs a C++ compiler (g++)\n'
    exit 3
fi

run=("$cargo" run --quiet --locked --manifest-path fuzz/Cargo.toml --no-default-features --target-dir "$work" --bin seeds --)
mapfile -t all < <("${run[@]}")
case $wanted in
    all) targets=("${all[@]}") ;;
    *) targets=("$wanted") ;;
esac
for target in "${targets[@]}"; do
    if [[ ! " ${all[*]} " == *" $target "* ]]; then
        printf 'fuzz: no target is named %s; there are: %s\n' "$target" "${all[*]}" >&2
        exit 2
    fi
done

# Where the build is for a target that is named, the flags are for it alone and not for build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing --cfg tokio_unstable -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
environment=()
if [ -n "$sanitizer" ]; then
    flags+=" -Zsanitizer=$sanitizer"
    environment=(RUSTC_BOOTSTRAP=1)
fi
build=("$cargo" build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$work/${sanitizer:-plain}")
for target in "${targets[@]}"; do
    build+=(--bin "$target")
done
env "${environment[@]}" RUSTFLAGS="$flags" "${build[@]}"

failed=()
for target in "${targets[@]}"; do
    binary=$work/${sanitizer:-plain}/$host/release/$target
    corpus=$work/corpus/$target seeds=$work/seeds/$target artifacts=$work/artifacts/$target
    mkdir -p "$corpus" "$artifacts" "fuzz/regressions/$target"
    "${run[@]}" "$target" "$seeds"
    log=$work/$target.log
    options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 -dict=fuzz/dictionary
        -artifact_prefix="$artifacts/" -print_final_stats=1 -use_value_profile=1)
    status=0
    "$binary" "${options[@]}" "$corpus" "$seeds" "fuzz/regressions/$target" >"$log" 2>&1 || status=$?
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    printf '%-13s %10s inputs, %7s a second, corpus of %5s, %4s MiB\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" "$(find "$corpus" -type f | wc -l)" "$(stat peak_rss_mb)"
    if [ $status != 0 ]; then
        failed+=("$target")
        input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
        grep -E 'panicked|ERROR|SUMMARY' -A3 "$log" | head -20 || tail -20 "$log"
        printf 'The input is %s; replay it by\n    %s %s\nand keep it in fuzz/regressions/%s.\n' \
            "${input:-in $log}" "$binary" "$input" "$target"
    fi
done
rmdir fuzz/regressions/* 2>/dev/null || true
if [ ${#failed[@]} -gt 0 ]; then
    printf 'fuzz: failed: %s\n' "${failed[*]}"
    exit 1
fi

#!/usr/bin/env bash
# Fetches the OpenVPN versions of the matrix, runs the tests that start a real daemon
# against each, and makes the table of what each version did. Ends with status 3 where
# no version can be had. TESTED_OPENVPN names a version that `make test` has just passed with.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${OPENVPN_MATRIX:-.cache/openvpn}
fetched=0
scripts/fetch-openvpn.sh "$folder" || fetched=1

# Those that use the lab, of the SDK and of the programs, and its own.
tests=(--test lab)
for file in {.,programs/*,crates/openvpn-mgmt-test}/tests/{*.rs,*/main.rs}; do
    [ -e "$file" ] || continue
    test=${file%/main.rs}
    test=${test%.rs}
    if grep -rqE '\blab::' "$file" $(find "$test" -name '*.rs' 2>/dev/null); then
        tests+=(--test "${test##*/}")
    fi
done

# What the matrix suite finds out, a file a version.
export MATRIX_RESULTS=$PWD/target/matrix
rm -rf "$MATRIX_RESULTS"

passed=() failed=()
for wrapper in "$folder"/[0-9]*/openvpn; do
    [ -x "$wrapper" ] || continue
    version=$(basename "$(dirname "$wrapper")")
    printf '\n== OpenVPN %s ==\n' "$version"
    run=("${tests[@]}")
    if [ "$version" = "${TESTED_OPENVPN:-}" ]; then
        printf 'All tests but the matrix have passed with this version already.\n'
        run=(--test matrix)
    fi
    if OPENVPN_BIN=$PWD/${wrapper#"$PWD"/} scripts/test.sh "${run[@]}"; then
        passed+=("$version")
    else
        failed+=("$version")
    fi
done

table=made
if [ ${#failed[@]} -gt 0 ]; then
    table='not made, because a version failed'
elif [ $fetched != 0 ]; then
    table='not made, because a version is missing'
else
    printf '\n== The matrix ==\n'
    scripts/matrix-table.sh "$MATRIX_RESULTS" || { table='has holes or is out of date'; failed+=(table); }
fi

printf '\nOpenVPN versions that passed: %s; that failed: %s\n' "${passed[*]:-none}" "${failed[*]:-none}"
printf 'The table of the matrix: %s.\n' "$table"
if [ $fetched != 0 ]; then
    printf 'Not every version could be fetched; the reason is above.\n'
fi
if [ ${#failed[@]} -gt 0 ]; then
    exit 1
elif [ ${#passed[@]} = 0 ]; then
    exit 3
fi

#!/usr/bin/env bash
# Which folder of src may import from which: arrows point down, none in a circle, and nothing imports
# what lib.rs re-exports. Run without arguments it checks, with --list it prints each arrow.
set -euo pipefail
cd "$(dirname "$0")/.."

# From the top to the bottom. One folder or file imports from those below it only.
floors=(guide peers fleet process handler session requests client server command reply events challenge demux error types)

level() {
    local at
    for at in "${!floors[@]}"; do
        [[ ${floors[at]} == "$1" ]] && { echo "$at"; return; }
    done
    echo none
}

# `file: first segment` of each path that starts with `crate::`, outside of comments; unit tests count.
imports() {
    git ls-files 'src/*.rs' | while read -r file; do
        [[ $file == src/lib.rs ]] && continue
        # Paths in braces right behind `crate::` would hide their first segments.
        sed -e 's://.*$::' "$file" |
            grep -oE '\bcrate::(\{|[A-Za-z_][A-Za-z0-9_]*)' | sed "s|^crate::|$file |" || true
    done | sort | uniq -c
}

# `file:line` of each path whose `super::` lead out of its folder; inline tests are one deeper than their file.
escapes() {
    git ls-files 'src/*.rs' | xargs awk '
        FNR == 1 { name = FILENAME; sub(/\/mod\.rs$/, "", name); depth = split(name, parts, "/") - 2 }
        /^mod [a-z_]+ \{/ { depth++ }
        { sub(/\/\/.*/, "") }
        match($0, /(super::)+/) && RLENGTH / 7 > depth { print FILENAME ":" FNR }
    '
}

failed=0
while read -r place; do
    echo "$place: \`super::\` leads out of the folder: import from the module that defines it" >&2
    failed=1
done < <(escapes)

declare -A arrows=()
while read -r count file target; do
    from=${file#src/}
    from=${from%%/*}
    from=${from%.rs}
    [[ $from == "$target" ]] && continue
    if [[ $target == '{' || $(level "$target") == none ]]; then
        echo "$file: \`crate::$target\` is not a folder: import from the module that defines it" >&2
        failed=1
    elif (($(level "$from") >= $(level "$target"))); then
        echo "$file: $from imports upward, from $target" >&2
        failed=1
    fi
    arrows["$from -> $target"]=$((${arrows["$from -> $target"]:-0} + count))
done < <(imports)

if [[ ${1:-} == --list ]]; then
    for arrow in "${!arrows[@]}"; do echo "$arrow ${arrows[$arrow]}"; done | sort
fi
if ((failed)); then
    exit 1
fi
echo "floors.sh: ${#arrows[@]} arrows, none of them upward"

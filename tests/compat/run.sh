#!/usr/bin/env bash
# Modules of another time on this kernel, and this time's on that one: tests/compat/run.sh [REVISION]
# REVISION is the last tag unless named; before there is a tag, the revision that first kept the headers of
# level 1, the oldest that is promised. It is built once, below build-compat/. KARKAS_BUILD: this tree's build.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

die()
{
    echo "tests/compat: $1" >&2
    exit 1
}

first_of_level_1()
{
    git log --diff-filter=A --format=%H -- sdk/abi/level-1/crm/module.h | tail -n 1
}

build()
{
    local log=$old.log targets=(karkas karkas-sheet) list
    rm -rf "$old"
    mkdir -p "$old"
    git archive "$commit" | tar -x -C "$old"
    for list in "$old"/modules/*/CMakeLists.txt; do
        targets+=("modules/$(basename "$(dirname "$list")")/all")
    done
    if ! (cd "$old" && cmake --preset release -DKARKAS_TESTS=OFF && ninja -C build-release "${targets[@]}") >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "$revision does not build: $log"
    fi
    touch "$old/built"
}

revision=${1:-$(git describe --tags --abbrev=0 2>/dev/null || first_of_level_1)}
[ -n "$revision" ] || die "no tag and no history to take a revision from: name one, or fetch them"
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || die "$revision is no revision of this repository"
old=$root/build-compat/$commit
[ -e "$old/built" ] || build
echo "compared with $(git log -1 --format='%h of %cs' "$commit")"
KARKAS_OLD_BUILD=$old/build-release exec node --test --test-reporter=spec tests/compat/compat.test.mjs

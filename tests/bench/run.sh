#!/usr/bin/env bash
# Builds what ships and the floor beside it, and prints the figures: tests/bench/run.sh [--rows N]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release -DKARKAS_BENCH=ON && cmake --build build-release; } >"$log" 2>&1; then
    tail -n 40 "$log"
    exit 1
fi
KARKAS_BUILD=$root/build-release exec node tests/bench/run.mjs "$@"

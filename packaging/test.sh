#!/usr/bin/env bash
# Installs what is missing, builds Karkas and runs its tests. Safe to repeat; see --help.
# Every stage runs in a process of its own, its output is kept in build-test/<stage>.log.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
out=$root/build-test
# shellcheck source=packaging/common.sh
. "$here/common.sh"

ordinary=(deps web checks build unit api e2e tsan clang ships crash)
full=(fuzz tidy release compat soak bench million fresh)

usage()
{
    cat <<EOF
usage: packaging/test.sh [--full] [stage ...]

Without a stage all ordinary ones run: ${ordinary[*]}.
--full adds: ${full[*]}, and each screen is looked at in every variant.

  deps     installs what is missing (administrator rights only when something is), and what npm
           brings; no stage after it asks any other machine for anything
  web      the web UI: npm ci, build with its budgets, type check, unit tests
  checks   formatting (clang-format 14) and the order and words of the layers
  build    one build with AddressSanitizer and UBSan, which the next three use
  unit     the C unit tests
  api      a server, driven over HTTP
  e2e      a server, driven by Chromium, with axe and CSP checks
  tsan     the thread tests under ThreadSanitizer, and upgrades of a module on a whole server
  clang    every source passes clang and its warnings
  ships    the build that ships is made as packaging/run.sh makes it, and tells its version
  crash    kill -9 while writing, for KARKAS_CRASH_SECONDS (20)
  fuzz     each fuzz target for KARKAS_FUZZ_SECONDS (60)
  tidy     clang-tidy over the kernel
  release  the unit tests on the build that ships
  compat   modules of the last tag on this kernel, and this tree's on that one: builds it first
  soak     a busy day on the build that ships, for KARKAS_SOAK_SECONDS (600), and 100 upgrades of a
           module with 64 connections and 100 open pages: nothing grows
  bench    prints speed and size beside the floor; only sizes can fail
  million  the same with a million rows: makes them first, about half an hour in all
  fresh    packaging/run.sh, then packaging/test.sh, in clean roots of Debian 12 and 13 (root only)
EOF
}

# ---- Counting ----------------------------------------------------------------------------------
# A stage adds what it ran to its .count file as lines "passed failed skipped".
count()
{
    echo "$1 $2 ${3:-0}" >>"$out/$stage.count"
}

# The totals that node's test runner printed, in its spec or its TAP form.
count_node()
{
    awk '
        ($1 == "#" || $1 == "ℹ") && $2 == "pass" { passed += $3 }
        ($1 == "#" || $1 == "ℹ") && ($2 == "fail" || $2 == "cancelled") { failed += $3 }
        ($1 == "#" || $1 == "ℹ") && ($2 == "skipped" || $2 == "todo") { skipped += $3 }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1" >>"$out/$stage.count"
}

# What the cmocka programs printed, as CTest kept it; a program that died counts as one failure.
count_ctest()
{
    awk '
        /^\[ +OK +\]/ { passed++ }
        / test\(s\)/ { next }
        /^\[ +FAILED +\]/ { failed[$0] = 1 }
        /^\[ +SKIPPED +\]/ { skipped[$0] = 1 }
        /^Test Passed\.$/ { if (passed == before) passed++; before = passed }
        /^Test (Failed|Timeout)/ { broken++ }
        END {
            for (name in failed) n++
            for (name in skipped) s++
            print passed + 0, (n > broken ? n : broken + 0), s + 0
        }' "$1/Testing/Temporary/LastTest.log" >>"$out/$stage.count"
}

# ---- Helpers of the stages ----------------------------------------------------------------------
# configure_preset PRESET CMAKE_ARGUMENTS...: into build-PRESET.
configure_preset()
{
    cd "$root"
    quietly "$out/configure-$1.txt" "cmake --preset $1 failed" \
        "run packaging/deps.sh build test; if that changes nothing, remove build-$1" \
        cmake --preset "$@"
}

# build_preset PRESET [TARGET]: all of it, or what the target needs.
build_preset()
{
    local preset=$1
    configure_preset "$preset"
    quietly "$out/build-$preset.txt" "the build build-$preset failed" "mend what is shown above" \
        cmake --build "build-$preset" -j "$(nproc)" ${2:+--target "$2"}
    say "build-$preset is built"
}

# Sets the caller's `plain`, to go before a command: ThreadSanitizer of gcc 12 cannot live with the
# address randomisation of new kernels.
set_plain()
{
    if setarch -R true 2>/dev/null; then
        plain=(setarch -R)
    fi
}

# run_ctest DIR CTEST_ARGUMENTS...
run_ctest()
{
    local dir=$1 rc=0
    shift
    rm -f "$dir/Testing/Temporary/LastTest.log"
    local plain=()
    set_plain
    "${plain[@]}" ctest --test-dir "$dir" --output-on-failure --no-tests=error \
        -j "$(nproc)" "$@" | sed '/^ *Start \| Passed  *[0-9]/d' || rc=$?
    [ ! -f "$dir/Testing/Temporary/LastTest.log" ] || count_ctest "$dir"
    return "$rc"
}

test_files()
{
    find "$1" -path '*/node_modules' -prune -o \
        \( -name '*.test.mjs' -o -name '*.test.js' \) -print 2>/dev/null | sort
}

has_tests()
{
    [ -n "$(test_files "$root/tests/$1")" ]
}

install_test_modules()
{
    npm_ci "$root/tests"
}

# npm_ci DIR: skipped while the installed tree is newer than the lock file.
npm_ci()
{
    local mark=$1/node_modules/.package-lock.json
    if [ -f "$mark" ] && [ "$mark" -nt "$1/package-lock.json" ]; then
        return 0
    fi
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
    touch "$mark"
}

# run_files FILE...: each with node's own runner, which `node --test` would only start from another
# node, begun in this order, as many at once as there are cores; what a file printed is shown when
# it has ended. One that hangs must not take the time of all.
run_files()
{
    local rc=0 log dir=$out/$stage.node limit=${KARKAS_FILE_SECONDS:-600}
    mkdir -p "$dir"
    # shellcheck disable=SC2016
    printf '%s\0' "$@" | DIR=$dir LIMIT=$limit xargs -0 -n 1 -P "$(nproc)" sh -c '
        log=$DIR/$(printf %s "${1#"$PWD/"}" | tr / -).log rc=0
        timeout -k 10 "$LIMIT" node --test-reporter=spec "$1" >"$log" 2>&1 || rc=$?
        [ "$rc" -ne 124 ] || echo "$1: not ended within $LIMIT s" >>"$log"
        cat "$log"
        [ "$rc" -eq 0 ]' file || rc=$?
    for log in "$dir"/*.log; do
        count_node "$log"
    done
    return "$rc"
}

# run_node FOLDER [FILE...]: every test file below tests/FOLDER, the largest first, after the others
# and after those that check modules, which wait for compilers and servers of their own.
run_node()
{
    local folder=$1 files
    shift
    if ! has_tests "$folder"; then
        say "tests/$folder has no tests yet"
        return 0
    fi
    [ -x "$root/build-asan/karkas" ] || die "build-asan/karkas is not built" \
        "run packaging/test.sh build $folder"
    install_test_modules
    mapfile -t files < <(test_files "$root/tests/$folder" | xargs ls -S |
        awk '/\/(guide|kit_[a-z]*)\.test/ { print; next } { others = others $0 "\n" }
             END { printf "%s", others }')
    cd "$root"
    KARKAS_BUILD=$root/build-asan run_files "$@" "${files[@]}"
}

# ---- The stages ---------------------------------------------------------------------------------
stage_deps()
{
    "$here/deps.sh" build test
    [ ! -f "$root/web/package.json" ] || npm_ci "$root/web"
    install_test_modules
    say "everything that is needed is installed"
}

stage_web()
{
    local rc=0
    if [ ! -f "$root/web/package.json" ]; then
        say "web has no package.json yet"
        return 0
    fi
    cd "$root/web"
    npm_ci "$root/web"
    npm run --silent build
    npm test --silent | tee "$out/web.node" || rc=$?
    count_node "$out/web.node"
    return "$rc"
}

check_one()
{
    local name=$1
    shift
    if "$@" >"$out/$name.txt" 2>&1; then
        say "$name: in order"
        count 1 0
    else
        tail -n 40 "$out/$name.txt"
        say "$name: NOT in order"
        count 0 1
        return 1
    fi
}

# Other versions of clang-format lay some lines out differently, so only one can judge.
check_format()
{
    local version
    version=$(clang-format --version)
    case $version in
    *"version 14."*) check_one format unformatted_files ;;
    *) say "format: left to Debian 12's clang-format 14; here is $version" ;;
    esac
}

# Names each file once instead of drawing every place.
unformatted_files()
{
    local log=$out/clang-format.txt
    cmake --build "$root/build-asan" --target format-check >"$log" 2>&1 && return
    sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: code should be.*/not formatted: \1/p' "$log" |
        sort | uniq -c
    say "ninja -C build-asan format puts them in order"
    return 1
}

stage_checks()
{
    local rc=0
    configure_preset asan
    check_format || rc=1
    run_ctest "$root/build-asan" -L check || rc=1
    return "$rc"
}

stage_build()
{
    build_preset asan
}

stage_unit()
{
    run_ctest "$root/build-asan" -LE check
}

# Every operation that the OpenAPI document of the tested deployments tells must have been called.
stage_api()
{
    local rc=0 calls=$out/api.operations
    rm -f "$calls"
    KARKAS_OPERATIONS=$calls run_node api || rc=$?
    [ ! -f "$calls" ] || check_one operations node "$root/tests/harness/used.mjs" "$calls" || rc=1
    [ ! -f "$out/operations.txt" ] || head -n 1 "$out/operations.txt"
    return "$rc"
}

# The UI on a server, and against its fixture: behaviour, accessibility, policy violations. The
# latter take longest, and what begins last should be short.
stage_e2e()
{
    local fixture
    mapfile -t fixture < <(test_files "$root/web/test/e2e")
    run_node e2e "${fixture[@]}"
}

stage_tsan()
{
    build_preset tsan thread_tests
    if ! ctest --test-dir "$root/build-tsan" -N -L threads | grep -q 'Total Tests: [1-9]'; then
        say "no test has the label threads yet"
        return 0
    fi
    run_ctest "$root/build-tsan" -L threads
    upgrade_in_threads
}

# A whole server under ThreadSanitizer while a module goes to and fro: any race ends it with 98.
upgrade_in_threads()
{
    local plain=() rc=0 log=$out/tsan-upgrades.txt
    set_plain
    install_test_modules
    cd "$root"
    KARKAS_BUILD=$root/build-tsan KARKAS_UPGRADES=6 timeout -k 10 "${KARKAS_FILE_SECONDS:-600}" \
        "${plain[@]}" node --test-reporter=spec tests/api/module_upgrades.test.mjs >"$log" 2>&1 || rc=$?
    cat "$log"
    count_node "$log"
    return "$rc"
}

# Every source of the build in all its variants, through clang's front end with our warnings. Many to
# a process: starting clang takes longer than most files do, and code that never runs needs no object.
stage_clang()
{
    local dir=$root/build-clang
    configure_preset clang
    # shellcheck disable=SC2046
    quietly "$out/build-clang.txt" "what the sources in build-clang are made of failed" \
        "mend what is shown above" \
        ninja -C "$dir" $(ninja -C "$dir" -t targets rule CUSTOM_COMMAND | grep '\.c$')
    check_one clang front_end "$dir"
}

# The one check that is named besides clang's own is there because without any clang-tidy does
# nothing.
front_end()
{
    sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$1/compile_commands.json" | sort -u |
        xargs -P "$(nproc)" -n 40 clang-tidy -p "$1" -quiet -warnings-as-errors='*' \
            -checks='-*,clang-diagnostic-*,bugprone-terminating-continue'
}

# Its optimiser sees more than the sanitizers' build does: what it warns of would stop an installation.
stage_ships()
{
    local dir=$root/build-ships
    configure_preset release -B "$dir" -DKARKAS_TESTS=OFF
    quietly "$out/build-ships.txt" "the build build-ships failed" "mend what is shown above" \
        cmake --build "$dir" -j "$(nproc)"
    check_one version "$dir/karkas" version
}

stage_crash()
{
    local seconds=${KARKAS_CRASH_SECONDS:-20}
    KARKAS_CRASH_SECONDS=$seconds KARKAS_FILE_SECONDS=$((seconds + 600)) run_node crash
}

# As many at once as there are cores.
stage_fuzz()
{
    local target begun=0 seconds=${KARKAS_FUZZ_SECONDS:-60}
    build_preset fuzz fuzz_targets
    for target in "$root"/build-fuzz/tests/fuzz/fuzz_*; do
        [ -f "$target" ] || continue
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
            wait -n || true
        done
        fuzz_counted "$target" "$seconds" &
        begun=$((begun + 1))
    done
    wait
    [ "$begun" -gt 0 ] || { say "tests/fuzz has no targets yet"; return; }
    [ "$(wc -l <"$out/$stage.count")" -eq "$begun" ] # one that was killed has counted nothing
}

fuzz_counted()
{
    local log
    if log=$(fuzz_one "$@"); then count 1 0; else count 0 1; fi
    say "$(basename "$1"): $2 s"
    echo "$log"
}

fuzz_one()
{
    local name corpus
    name=$(basename "$1")
    corpus=$out/corpus/$name
    mkdir -p "$corpus"
    local seeds=$root/tests/fuzz/corpus/$name
    [ -d "$seeds" ] || seeds=
    "$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$out/" "$corpus" ${seeds:+"$seeds"} 2>&1 | tail -n 30
}

stage_tidy()
{
    configure_preset clang
    check_one clang-tidy cmake --build build-clang --target tidy
}

stage_release()
{
    build_preset release
    run_ctest "$root/build-release" -LE check
}

stage_compat()
{
    local rc=0
    build_preset release
    install_test_modules
    KARKAS_BUILD=$root/build-release "$root/tests/compat/run.sh" 2>&1 | tee "$out/compat.txt" || rc=$?
    count_node "$out/compat.txt"
    return "$rc"
}

stage_soak()
{
    build_preset release
    install_test_modules
    cd "$root"
    mapfile -t files < <(test_files "$root/tests/soak")
    files+=("$root/tests/api/module_upgrades.test.mjs")
    KARKAS_BUILD=$root/build-release KARKAS_UPGRADES=100 \
        KARKAS_FILE_SECONDS=$((${KARKAS_SOAK_SECONDS:-600} + 600)) run_files "${files[@]}"
}

stage_bench()
{
    if [ ! -x "$root/tests/bench/run.sh" ]; then
        say "tests/bench has no run.sh yet"
        return 0
    fi
    "$root/tests/bench/run.sh"
}

stage_million()
{
    "$root/tests/bench/run.sh" --rows 1000000
}

stage_fresh()
{
    local debian rc=0
    for debian in 12 13; do
        if "$root/tests/fresh/run.sh" --all "$debian"; then count 1 0; else count 0 1; rc=1; fi
    done
    return "$rc"
}

# ---- Running them -------------------------------------------------------------------------------
declare -A result seconds passed failed skipped

needs()
{
    case $1 in
    deps) ;;
    unit | api | crash) echo deps build ;;
    e2e) echo deps web build ;;
    tsan) echo deps web ;;
    *) echo deps ;;
    esac
}

blocked_by()
{
    local earlier
    for earlier in $(needs "$1"); do
        case ${result[$earlier]:-} in
        FAILED | blocked) echo "$earlier"; return ;;
        esac
    done
}

read_counts()
{
    local p f s
    while read -r p f s; do
        passed[$1]=$((passed[$1] + p))
        failed[$1]=$((failed[$1] + f))
        skipped[$1]=$((skipped[$1] + s))
    done < <(cat "$out/$1.count" 2>/dev/null)
}

run_stage()
{
    local stage=$1 begin=$SECONDS blocker rc
    passed[$stage]=0 failed[$stage]=0 skipped[$stage]=0 seconds[$stage]=0
    blocker=$(blocked_by "$stage")
    if [ -n "$blocker" ]; then
        result[$stage]=blocked
        say "== $stage: not run, because $blocker failed"
        return
    fi
    say "== $stage"
    rm -rf "$out/$stage.count" "$out/$stage.node"
    set +e
    (set -euo pipefail; "stage_$stage") 2>&1 | tee "$out/$stage.log"
    rc=${PIPESTATUS[0]}
    set -e
    seconds[$stage]=$((SECONDS - begin))
    read_counts "$stage"
    result[$stage]=ok
    if [ "$rc" -ne 0 ] || [ "${failed[$stage]}" -ne 0 ]; then
        result[$stage]=FAILED
    fi
}

table()
{
    local stage p=0 f=0 s=0 bad=()
    printf '\n%-8s %8s %7s %7s %8s  %s\n' stage seconds passed failed skipped result
    for stage in "$@"; do
        printf '%-8s %8d %7d %7d %8d  %s\n' "$stage" "${seconds[$stage]}" "${passed[$stage]}" \
            "${failed[$stage]}" "${skipped[$stage]}" "${result[$stage]}"
        p=$((p + passed[$stage])) s=$((s + skipped[$stage]))
        f=$((f + failed[$stage]))
        [ "${result[$stage]}" = ok ] && continue
        bad+=("$stage")
        # A stage that fails outside a test, such as a build, is one failure too.
        [ "${failed[$stage]}" -gt 0 ] || f=$((f + 1))
    done
    printf '%-8s %8d\n\n' total "$SECONDS"
    [ "$s" -eq 0 ] || say "$s skipped"
    if [ ${#bad[@]} -gt 0 ]; then
        say "failed: ${bad[*]}; the output is in build-test/<stage>.log"
    fi
    say "$p passed, $f failed"
    [ ${#bad[@]} -eq 0 ]
}

# Under sudo the checkout belongs to somebody else, who must be able to build it afterwards.
give_back()
{
    is_root && [ -n "${SUDO_UID:-}" ] || return 0
    local path
    for path in "$root"/build-* "$root"/{web,tests}/node_modules "$root/web/dist"; do
        [ ! -e "$path" ] || chown -R -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$path"
    done
}

main()
{
    local stages=() stage with_full=false
    for stage in "$@"; do
        case " ${ordinary[*]} ${full[*]} " in
        *" $stage "*) stages+=("$stage"); continue ;;
        esac
        case $stage in
        --full) with_full=true ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown stage: $stage" "name one of those above" ;;
        esac
    done
    [ ${#stages[@]} -gt 0 ] || stages=("${ordinary[@]}")
    if $with_full; then
        stages+=("${full[@]}")
        export FULL=1 KARKAS_FILE_SECONDS=${KARKAS_FILE_SECONDS:-7200}
    fi
    mkdir -p "$out"
    trap give_back EXIT
    for stage in "${stages[@]}"; do
        run_stage "$stage"
    done
    table "${stages[@]}"
}

main "$@"

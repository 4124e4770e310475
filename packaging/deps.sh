#!/usr/bin/env bash
# Installs what is missing to build, run or test Karkas on Debian 12 and 13.
# Safe to repeat: without a missing package apt is not called at all.
set -eEuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=packaging/common.sh
. "$here/common.sh"
explain_errors

usage()
{
    cat <<'EOF'
usage: packaging/deps.sh [--list] build|run|test|fresh ...

  build   what compiles the server and the web UI
  run     what a server built elsewhere needs to run
  test    what the tests need besides "build": cmocka, clang, Chromium
  fresh   what makes the clean Debian roots of tests/fresh
  --list  print the packages by name and install nothing
EOF
}

build_packages()
{
    echo gcc libc6-dev make cmake ninja-build pkg-config ca-certificates
    echo libuv1-dev libsqlite3-dev libjansson-dev libmbedtls-dev libcurl4-openssl-dev
    echo libyaml-dev libargon2-dev libstemmer-dev libutf8proc-dev libidn2-dev
    echo libzip-dev libexpat1-dev libxlsxwriter-dev
    case $1 in
    debian-12) echo node-llhttp ;;  # carries llhttp's C sources, which the build compiles
    debian-13) echo libllhttp-dev ;;
    esac
    has_node 18 || echo nodejs npm
}

run_packages()
{
    echo ca-certificates curl passwd util-linux
    echo libsqlite3-0 libjansson4 libyaml-0-2 libargon2-1 libstemmer0d libexpat1 libidn2-0
    case $1 in
    debian-12) echo libuv1 libmbedtls14 libcurl4 libutf8proc2 libzip4 libxlsxwriter4 ;;
    debian-13)
        echo libuv1t64 libmbedtls21 libcurl4t64 libutf8proc3 libllhttp9.2
        echo libzip5 libxlsxwriter8
        ;;
    esac
}

test_packages()
{
    echo libcmocka-dev clang libclang-rt-dev clang-format clang-tidy llvm openssl curl wrk iproute2
    echo chromium-headless-shell
}

fresh_packages()
{
    echo debootstrap
}

packages_of()
{
    local set=$1 system=$2
    case $set in
    build) build_packages "$system" ;;
    run) run_packages "$system" ;;
    test) test_packages ;;
    fresh) fresh_packages ;;
    *)
        usage >&2
        die "unknown set of packages: $set" "name build, run, test or fresh"
        ;;
    esac
}

is_installed()
{
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of()
{
    local package
    for package in "$@"; do
        is_installed "$package" || echo "$package"
    done
}

apt()
{
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
        -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

install_packages()
{
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/karkas-apt.XXXXXX")
    say "installing $#: $*"
    quietly "$log" "apt-get update failed" \
        "check the network and the files under /etc/apt, then run this again" apt update
    quietly "$log" "apt-get install failed" \
        "read the lines above; often a mirror is behind, or another package is broken" \
        apt install --no-install-recommends "$@"
    rm -f "$log"
}

check_system()
{
    case $1 in
    debian-12 | debian-13) ;;
    *)
        die "this system is $1; Karkas is built and tested on Debian 12 and 13" \
            "use one of them, or install by hand what '$0' lists and use cmake directly"
        ;;
    esac
}

main()
{
    local system list=false sets=() packages missing
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage; exit 0 ;;
        --list) list=true ;;
        *) sets+=("$1") ;;
        esac
        shift
    done
    if [ ${#sets[@]} -eq 0 ]; then
        usage >&2
        exit 2
    fi
    system=$(distribution)
    check_system "$system"
    packages=$(for set in "${sets[@]}"; do packages_of "$set" "$system"; done)
    if $list; then
        tr ' ' '\n' <<<"$packages" | sort -u
        exit 0
    fi
    # shellcheck disable=SC2086
    missing=$(missing_of $packages | sort -u)
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $missing
}

main "$@"

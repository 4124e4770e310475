#!/usr/bin/env bash
# The part of run.sh that runs inside the clean root, as the first process of its namespace.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packaging/common.sh
. "$top/packaging/common.sh"

data=/var/lib/karkas
port=18443
origin=https://localhost:$port

timed()
{
    local begin=$SECONDS what=$1
    shift
    "$@"
    say "-- $what took $((SECONDS - begin)) s"
}

fetch()
{
    curl --silent --show-error --fail --max-time 20 --cacert "$data/ca.crt" "$@"
}

expect()
{
    local what=$1 wanted=$2 got=$3
    case $got in
    *"$wanted"*) say "ok: $what" ;;
    *) die "$what: expected '$wanted', got: ${got:0:400}" ;;
    esac
}

set_up()
{
    "$top/packaging/run.sh" --listen "127.0.0.1:$port"
}

check_pages()
{
    local head page script
    expect "health" '"status":"ok"' "$(fetch "$origin/health" | tr -d ' ')"
    head=$(fetch -D - -o /dev/null "$origin/login" | tr -d '\r')
    expect "the login page comes with a content security policy" \
        "content-security-policy:" "${head,,}"
    page=$(fetch --compressed "$origin/login")
    expect "the login page is a page" "<html" "${page,,}"
    script=$(grep -o 'src="/ui/[^"]*\.js"' <<<"$page" | head -n 1 | cut -d'"' -f2)
    [ -n "$script" ] || die "the login page names no script under /ui/"
    fetch --compressed -o /dev/null "$origin$script"
    say "ok: the script $script is served"
}

check_authority()
{
    if curl --silent --max-time 20 -o /dev/null "$origin/health"; then
        die "an unknown authority was trusted, so the check over it proves nothing"
    fi
    say "ok: without the local authority the certificate is refused"
}

# The server and its data belong to the user karkas and to nobody else.
check_owner()
{
    expect "the data directory's owner and mode" "karkas:700" "$(stat -c %U:%a "$data")"
    local pid owner
    for pid in $(pidof karkas); do
        owner=$(stat -c %U "/proc/$pid")
        expect "process $pid runs without root" karkas "$owner"
    done
}

# Prints what the server answers to the one-time login that it wrote at its first start.
first_login()
{
    local login password
    read -r login password <"$data/first-login.txt"
    [ -n "$password" ] || die "first-login.txt holds no login and one-time code"
    fetch -H "Origin: $origin" -H 'Content-Type: application/json' \
        -d "{\"login\":\"$login\",\"password\":\"$password\"}" "$origin/api/v1/session"
}

check_all()
{
    check_authority
    check_pages
    check_owner
}

prove_packages()
{
    timed "installing the packages" "$top/packaging/deps.sh" build run test
    timed "seeing that nothing is missing" "$top/packaging/deps.sh" build run test
}

prove_set_up()
{
    timed "packaging/run.sh" set_up
    check_all
    expect "the one-time login works" '"csrf"' "$(first_login)"
    local authority
    authority=$(sha256sum "$data/ca.crt")
    timed "packaging/run.sh again" set_up
    check_all
    expect "the data directory is the same" "$authority" "$(sha256sum "$data/ca.crt")"
}

prove_tests()
{
    timed "packaging/test.sh" "$top/packaging/test.sh"
}

case "${1:-}" in
--deps) prove_packages ;;
--test) prove_tests ;;
--all) prove_set_up; prove_tests ;;
*) prove_set_up ;;
esac

#!/usr/bin/env bash
# The part of run.sh that runs inside the clean root, as the first process of its namespace.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=packaging/common.sh
. "$top/packaging/common.sh"

data=/var/lib/karkas
jar=/tmp/cookies
csrf=

# The network is the machine's, where anything may already listen.
free_port()
{
    local candidate
    while true; do
        candidate=$((20000 + RANDOM % 10000))
        (: <"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
    done
    echo "$candidate"
}

port=$(free_port)
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

# ---- A request becomes a lead --------------------------------------------------------------------
as_karkas()
{
    setpriv --reuid karkas --regid karkas --clear-groups karkas "$@"
}

# api METHOD PATH [BODY]: as the one who logged in last.
api()
{
    local body=()
    [ $# -lt 3 ] || body=(-H 'Content-Type: application/json' --data-binary "$3")
    fetch -X "$1" -b "$jar" -c "$jar" -H "Origin: $origin" -H "X-CSRF-Token: $csrf" \
        "${body[@]}" "$origin$2"
}

# log_in LOGIN CODE: with a one-time code, which a password then replaces.
log_in()
{
    local reply
    rm -f "$jar"
    csrf=
    reply=$(api POST /api/v1/session "{\"login\":\"$1\",\"password\":\"$2\"}")
    csrf=$(sed -n 's/.*"csrf" *: *"\([^"]*\)".*/\1/p' <<<"$reply")
    [ -n "$csrf" ] || die "the one-time code of $1 does not log in: $reply"
    api POST /api/v1/session/password '{"new":"fresh Debian, clean root 7"}' >/dev/null
    say "ok: $1 logs in with a one-time code and chooses a password"
}

first_login()
{
    local login code
    read -r login code <"$data/first-login.txt"
    log_in "$login" "$code"
}

submit_request()
{
    fetch -o /dev/null --data-urlencode 'name=Иван Петров' \
        --data-urlencode 'phone=8 (916) 123-45-67' \
        --data-urlencode 'message=Нужен экскаватор' -d consent=yes "$origin/hook/site"
    say "ok: the form of the demo site is accepted"
}

# The head of sales sees it; asked until the rule has run.
check_lead()
{
    local end=$((SECONDS + 20)) leads='' id
    until [[ $leads == *+79161234567* && $leads == *'"owner":{'* ]]; do
        [ "$SECONDS" -lt "$end" ] || die "the request became no lead with an owner: $leads"
        leads=$(api GET '/api/v1/sales.lead?phone=%2B79161234567')
    done
    id=$(grep -o '"id":[0-9]*' <<<"$leads" | head -n 1 | cut -d: -f2)
    expect "the call task" '"kind":"call"' "$(api GET "/api/v1/tasks.task?lead=$id")"
    say "ok: the request is a lead with an owner"
}

# The first start brought them, and a second run of run.sh no others.
check_demo()
{
    expect "the demonstration data" '"total":30' "$(api GET '/api/v1/sales.deal?limit=1')"
}

# A program beside the server makes the sheet, so it shows what the installation forgot.
check_sheet()
{
    api GET '/api/v1/sales.lead/export?format=xlsx' >/tmp/leads.xlsx
    expect "leads as XLSX" "PK" "$(head -c 2 /tmp/leads.xlsx)"
}

log_in_head()
{
    local login code
    read -r login code <<<"$(as_karkas user invite ivanova)"
    log_in "$login" "$code"
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
    first_login
    log_in_head
    check_demo
    submit_request
    check_lead
    check_sheet
    local authority
    authority=$(sha256sum "$data/ca.crt")
    timed "packaging/run.sh again" set_up
    check_all
    check_demo
    check_lead
    expect "the data directory is the same" "$authority" "$(sha256sum "$data/ca.crt")"
}

# In a network of its own, of the loopback alone: no program of the machine's, and no other run of
# the tests, has a port there, and what is installed by then is all they need.
alone()
{
    if ! unshare --net true 2>/dev/null; then
        say "note: there can be no network of its own here, so the machine's is used"
        "$@"
        return
    fi
    # shellcheck disable=SC2016
    unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

# A clean root has no compiler cache; with one, only what changed since the last run is
# compiled. Not for run.sh, whose compiler runs as a user who may not write there.
use_compiler_cache()
{
    [ -n "${CCACHE_DIR:-}" ] || return 0
    if apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
        --no-install-recommends install ccache >/dev/null; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache
    fi
}

prove_tests()
{
    use_compiler_cache
    timed "packaging/test.sh deps" "$top/packaging/test.sh" deps
    timed "packaging/test.sh" alone "$top/packaging/test.sh"
}

case "${1:-}" in
--deps) prove_packages ;;
--test) prove_tests ;;
--all) prove_set_up; prove_tests ;;
*) prove_set_up ;;
esac

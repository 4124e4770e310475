#!/usr/bin/env bash
# Installs what is missing, builds Karkas without root, installs and starts it; prints the address
# and the one-time login. Repeating it upgrades and restarts; data and settings stay.
#
# Where things are afterwards:
#   /usr/lib/karkas/bin/karkas      the server, also /usr/bin/karkas
#   /usr/lib/karkas/modules/NAME/   modules, owned by root; those of others are left alone
#   /usr/share/karkas/web           the web UI, with the files of the one before for pages still open
#   /usr/share/karkas/sdk           what authors of modules need
#   /etc/karkas/tz.yaml             the ТЗ and the files it names; written once, never overwritten
#   /etc/karkas/demo.yaml           demonstration data of that ТЗ, loaded when the data are new
#   /etc/karkas/server.env          the address it listens on, secrets that the ТЗ names (root only)
#   /var/lib/karkas                 the data (user karkas, 0700)
#   /var/cache/karkas               sources and build (user karkas-build); may be deleted
# The server's user cannot write what it runs, and what builds cannot read the data.
set -eEuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
# shellcheck source=packaging/common.sh
. "$here/common.sh"
# shellcheck source=packaging/keep.sh
. "$here/keep.sh"
explain_errors

user=karkas
builder=karkas-build
data=/var/lib/karkas
work=/var/cache/karkas
lib=/usr/lib/karkas
web=/usr/share/karkas/web
sdk=/usr/share/karkas/sdk
etc=/etc/karkas
log=/var/log/karkas/karkas.log
pidfile=/run/karkas.pid
listen=
tz=$here/dealer.yaml
tz_given=no
tz_said=
demo=yes
demo_said=

usage()
{
    cat <<EOF
usage: sudo packaging/run.sh [--listen HOST:PORT] [--tz FILE] [--no-demo]

  --listen  where the server listens; kept in $etc/server.env (at first 0.0.0.0:8443)
  --tz      the ТЗ of a first start; later ones are applied with: karkas tz apply FILE
  --no-demo starts with an empty base; else a first start loads the demonstration data that lie
            beside the ТЗ (for NAME.yaml in NAME-demo.yaml); where that fails, the next run tries again
EOF
}

# ---- Users and folders ---------------------------------------------------------------------------
make_user()
{
    local name=$1 home=$2 note=$3
    getent passwd "$name" >/dev/null && return
    useradd --system --user-group --home-dir "$home" --no-create-home \
        --shell /usr/sbin/nologin --comment "$note" "$name" ||
        die "the user $name could not be made" "read useradd's message above"
}

make_users()
{
    make_user "$user" "$data" "Karkas server"
    make_user "$builder" "$work" "Karkas builds"
    install -d -m 0700 -o "$user" -g "$user" "$data"
    install -d -m 0755 -o "$builder" -g "$builder" "$work"
    install -d -m 0750 -o "$user" -g adm "$(dirname "$log")"
    install -d -m 0755 "$etc" "$lib" "$lib/bin" "$lib/modules" "$(dirname "$web")"
}

# ---- Building, as the user karkas-build ----------------------------------------------------------
# The caller's proxy and certificate settings stay; its home, which is not readable, does not.
as_builder()
{
    setpriv --reuid "$builder" --regid "$builder" --clear-groups \
        env HOME="$work" USER="$builder" LOGNAME="$builder" "$@"
}

as_server()
{
    setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

# The sources as a tar of the same bytes for the same contents.
pack_sources()
{
    tar -C "$top" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX \
        --anchored --exclude=./.git --exclude='./build*' --exclude=./web/dist \
        --no-anchored --exclude=node_modules -cf - .
}

# Times are those of now (tar -m): an older checkout must be compiled anew as well.
copy_sources()
{
    local old=$work/src new=$work/src.new
    rm -rf "$new"
    as_builder mkdir "$new"
    pack_sources | as_builder tar -C "$new" -xmf -
    if [ -d "$old/web/node_modules" ] &&
        cmp -s "$old/web/package-lock.json" "$new/web/package-lock.json"; then
        mv "$old/web/node_modules" "$new/web/"
    fi
    rm -rf "$old"
    mv "$new" "$old"
}

build_server()
{
    local todo="if nothing above helps, remove $work and run this again"
    say "building the server"
    quietly "$work/configure.txt" "cmake failed" "$todo" as_builder cmake -S "$work/src" \
        -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKARKAS_TESTS=OFF \
        -DCMAKE_INSTALL_PREFIX=/usr
    quietly "$work/build.txt" "the build failed" "$todo" \
        as_builder cmake --build "$work/build" -j "$(nproc)"
}

build_web()
{
    say "building the web UI"
    cd "$work/src/web"
    if [ ! -d node_modules ]; then
        quietly "$work/npm.txt" "npm ci failed" \
            "check the network and npm's registry and proxy settings, then run this again" \
            as_builder npm ci --ignore-scripts --no-audit --no-fund
    fi
    quietly "$work/web.txt" "the web UI was not built" "mend what is shown above" \
        as_builder npm run --silent build
    cd /
}

check_stage()
{
    local file
    for file in "$lib/bin/karkas" "$lib/bin/karkas-sheet" "$sdk/README.md" "$web/index.html"; do
        [ -f "$work/stage$file" ] || die "the build made no $file" "is the checkout complete?"
    done
}

# Nothing is compiled while the sources are those of the last run.
build()
{
    local sum mark=$work/stage.sources
    sum=$(pack_sources | sha256sum)
    if [ "$(cat "$mark" 2>/dev/null)" = "$sum" ]; then
        say "the build is up to date"
        return
    fi
    rm -f "$mark"
    copy_sources
    build_server
    build_web
    rm -rf "$work/stage"
    quietly "$work/stage.txt" "cmake --install failed" "mend what is shown above" \
        as_builder env DESTDIR="$work/stage" cmake --install "$work/build"
    check_stage
    printf '%s\n' "$sum" >"$mark"
}

# ---- Installing ----------------------------------------------------------------------------------
install_files()
{
    local module
    put "$work/stage$lib/bin/karkas-sheet" "$lib/bin/karkas-sheet"
    put "$work/stage$lib/bin/karkas" "$lib/bin/karkas"
    ln -sfn "$lib/bin/karkas" /usr/bin/karkas
    for module in "$work/stage$lib/modules"/*/; do
        [ -d "$module" ] || continue
        put "${module%/}" "$lib/modules/$(basename "$module")"
    done
    put_web "$work/stage$web" "$web"
    put "$work/stage$sdk" "$sdk"
}

# The files that a ТЗ names beside itself (include, people), relative to its folder.
tz_parts()
{
    local folder=$1 file=$2 part words
    words=$(sed 's/#.*//' "$folder/$file" |
        grep -oE '[A-Za-z0-9_][A-Za-z0-9_./-]*\.(ya?ml|csv)' | sort -u) || return 0
    for part in $words; do
        if [[ $part != *..* && $part != "$file" && -f $folder/$part ]]; then
            printf '%s\n' "$part"
        fi
    done
}

# install_tz FILE AS: with its parts, two levels deep; what is there already stays.
install_tz()
{
    local folder file part name
    folder=$(dirname "$1") file=$(basename "$1")
    [ -f "$1" ] || die "there is no ТЗ $1" "name one with --tz FILE"
    for part in $(tz_parts "$folder" "$file"); do
        for name in "$part" $(tz_parts "$folder" "$part"); do
            [ -e "$etc/$name" ] ||
                install -D -m 0640 -o root -g "$user" "$folder/$name" "$etc/$name"
        done
    done
    install -m 0640 -o root -g "$user" "$1" "$2"
}

install_settings()
{
    local examples=${tz%.yaml}-demo.yaml
    if [ ! -e "$etc/tz.yaml" ]; then
        [ ! -f "$examples" ] ||
            install -m 0640 -o root -g "$user" "$examples" "$etc/demo.yaml"
        install_tz "$tz" "$etc/tz.yaml"
    elif [ "$tz_given" = yes ] && ! cmp -s "$tz" "$etc/tz.yaml"; then
        tz_said="--tz $tz was NOT taken: it is for a first start, and $etc/tz.yaml is there.
To put it into force: sudo -u $user karkas tz apply FILE, where $user can read it and all it names"
    fi
    if [ ! -e "$etc/server.env" ]; then
        install -m 0600 "$here/server.env" "$etc/server.env"
    fi
    if [ -n "$listen" ]; then
        sed -i '/^KARKAS_LISTEN=/d' "$etc/server.env"
        printf 'KARKAS_LISTEN=%s\n' "$listen" >>"$etc/server.env"
    fi
    listen=$(sed -n 's/^KARKAS_LISTEN=//p' "$etc/server.env" | tail -n 1)
    [[ $listen == *:* ]] || die "$etc/server.env names no KARKAS_LISTEN=HOST:PORT" "write it there"
}

# ---- Starting ------------------------------------------------------------------------------------
has_systemd()
{
    [ -d /run/systemd/system ]
}

start_systemd()
{
    install -m 0644 "$here/karkas.service" /etc/systemd/system/karkas.service
    systemctl daemon-reload
    systemctl enable --quiet karkas.service
    if ! systemctl restart karkas.service 2>/dev/null; then
        last_words
        die "systemd could not start karkas" "mend what the lines above say"
    fi
}

stop_background()
{
    start-stop-daemon --stop --quiet --oknodo --retry TERM/30/KILL/5 --remove-pidfile \
        --pidfile "$pidfile" --user "$user" ||
        die "the running server did not stop" "end process $(cat "$pidfile") and run this again"
}

start_background()
{
    local settings
    stop_background
    touch "$log"
    chown "$user:adm" "$log"
    log_from=$(($(wc -l <"$log") + 1))
    mapfile -t settings < <(grep -E '^[A-Za-z_]+=' "$etc/server.env")
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "${settings[@]}" \
        start-stop-daemon --start --quiet --background --make-pidfile --pidfile "$pidfile" \
        --chuid "$user:$user" --chdir / --umask 077 --output "$log" \
        --exec "$lib/bin/karkas" -- serve --data "$data" --tz "$etc/tz.yaml" \
        --modules "$lib/modules" --web "$web" --listen "$listen" 9>&-
}

start()
{
    if has_systemd; then
        stop_background
        start_systemd
    else
        start_background
    fi
}

is_running()
{
    if has_systemd; then
        systemctl is-active --quiet karkas.service
    else
        kill -0 "$(cat "$pidfile" 2>/dev/null)" 2>/dev/null
    fi
}

last_words()
{
    if has_systemd; then
        journalctl --sync || true
        journalctl --unit=karkas.service --lines=20 --no-pager --output=cat >&2 || true
    else
        tail -n "+$log_from" "$log" | tail -n 20 >&2
    fi
}

is_healthy()
{
    local host=${listen%:*}
    case $host in
    0.0.0.0 | "[::]") host=localhost ;;
    esac
    [ -f "$data/ca.crt" ] &&
        curl --silent --fail --max-time 5 --noproxy '*' --cacert "$data/ca.crt" -o /dev/null \
            "https://$host:${listen##*:}/health"
}

wait_until_healthy()
{
    local end=$((SECONDS + 60))
    until is_healthy; do
        if ! is_running; then
            last_words
            die "the server ended while starting" "mend what its last lines above say"
        fi
        if [ "$SECONDS" -ge "$end" ]; then
            last_words
            die "the server does not answer https://$listen/health" "read its last lines above"
        fi
        sleep 0.3
    done
}

# ---- What the reader needs to know ---------------------------------------------------------------
addresses()
{
    local host=${listen%:*} port=${listen##*:} address
    case $host in
    0.0.0.0 | "[::]")
        for address in $(hostname -I 2>/dev/null) localhost; do
            case $address in
            *:*) ;;
            *) printf '  https://%s:%s/\n' "$address" "$port" ;;
            esac
        done
        ;;
    *) printf '  https://%s/\n' "$listen" ;;
    esac
}

fingerprint()
{
    grep -v -- ----- "$data/ca.crt" | base64 -d | sha256sum | cut -c1-64 |
        sed 's/../&:/g; s/:$//' | tr a-f A-F
}

report()
{
    printf '\nKarkas runs:\n'
    addresses
    if [ -f "$lib/modules/intake/ui/demo.html" ]; then
        say "A site with its form, for trying: /m/intake/demo.html at the same address"
    fi
    [ -z "$demo_said" ] || say "$demo_said"
    [ -z "$tz_said" ] || say "$tz_said"
    if [ -f "$data/first-login.txt" ]; then
        say
        say "The administrator's login and one-time code:"
        sed 's/^/  /' "$data/first-login.txt"
    fi
    cat <<EOF

The browser warns until it trusts this server's own certificate authority. Once per computer:
  open /ca.crt at the address above, or copy $data/ca.crt, and import it as an authority;
  on Debian: cp ca.crt /usr/local/share/ca-certificates/karkas.crt && update-ca-certificates
  its SHA-256: $(fingerprint)

EOF
    if has_systemd; then
        say "log: journalctl -u karkas    stop: systemctl stop karkas"
    else
        say "log: $log    stop: start-stop-daemon --stop --pidfile $pidfile"
    fi
    say "commands: sudo -u $user karkas --help    the ТЗ: $etc/tz.yaml"
}

# ---- The way through -----------------------------------------------------------------------------
parse()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --listen | --tz)
            [ $# -ge 2 ] || die "$1 needs a value" "see --help"
            if [ "$1" = --listen ]; then listen=$2; else tz=$(realpath -- "$2") tz_given=yes; fi
            shift
            ;;
        --no-demo) demo=no ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; die "unknown argument: $1" "see above" ;;
        esac
        shift
    done
    [ -z "$listen" ] || [[ $listen =~ ^.+:[0-9]+$ ]] ||
        die "--listen $listen is no HOST:PORT" "write for example 0.0.0.0:8443"
}

main()
{
    parse "$@"
    is_root || die "setting up needs root" "run: sudo packaging/run.sh"
    exec 9>/run/karkas-setup.lock
    flock -n 9 || die "packaging/run.sh is already running" "wait until it ends"
    "$here/deps.sh" build run
    make_users
    build
    install_files
    install_settings
    want_demo
    start
    wait_until_healthy
    load_demo
    report
}

main "$@"

#!/usr/bin/env bash
# shellcheck disable=SC2317  # some functions are called by name
# Proves the two set-up commands in clean Debian roots, made by debootstrap from the mirror, with
# the apt and npm settings and the certificates, of this machine. Only as root.
#
# All of a root runs in its own process and mount namespaces, and the tests in a network of their own
# (what comes before them needs the machine's, to install): when this script ends, even by kill -9,
# the kernel ends its processes and takes away its mounts.
#
# What was downloaded, and where this machine has ccache what was compiled, is kept under
# build-fresh/kept for the next run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$top/build-fresh
path=/usr/sbin:/usr/bin:/sbin:/bin
with_systemd=false
# shellcheck source=packaging/common.sh
. "$top/packaging/common.sh"

usage()
{
    cat <<'EOF'
usage: tests/fresh/run.sh [--deps | --test | --all] [--systemd] [--new] [12|13 ...]

What is committed (HEAD) is set up in a clean root of each named Debian version, both by default:
packaging/run.sh, then /health and the login page over the server's own authority, then
packaging/run.sh once more with the data kept.

  --deps     instead only installs the packages: does every name still exist?
  --test     instead runs packaging/test.sh there
  --all      both set-up commands
  --systemd  with systemd as the first process, so that it starts the server
  --new      makes the cached base roots under build-fresh/ anew, and forgets what was downloaded and
             compiled
EOF
}

suite_of()
{
    case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    *) die "Debian $1 is not tested" "name 12 or 13" ;;
    esac
}

# ---- What the host gives -------------------------------------------------------------------------
# The host's archive whose suite ends in $1 ("" or "-security").
mirror()
{
    local found
    # shellcheck disable=SC2016
    found=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v end="$1" '$1 == "Debian" && $2 ~ ("^[a-z]+" end "$") { print $3; exit }')
    [ -n "$found" ] || die "apt knows no Debian archive${1:+ for updates of security}" \
        "run apt-get update, or add the archive to apt's sources"
    printf '%s\n' "${found%/}"
}

# Proxies, checks and retries of apt, but no hooks: they name programs a clean root has not.
host_apt_settings()
{
    apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries|ForceIPv|Proxy)' || true
}

host_npm_setting()
{
    local value
    value=$(cd / && npm config get "$1" 2>/dev/null) || return 0
    case $value in
    "" | null | undefined | false | true) ;;
    *) printf '%s\n' "$value" ;;
    esac
}

# Settings that the programs in the root read from the environment.
host_environment()
{
    local name value
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || printf '%s=%s\n' "$name" "${!name}"
    done
    for name in registry proxy https-proxy noproxy; do
        value=$(host_npm_setting "$name")
        [ -z "$value" ] || printf 'npm_config_%s=%s\n' "${name//-/_}" "$value"
    done
    if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
        printf '%s=/etc/host-ca.crt\n' NODE_EXTRA_CA_CERTS npm_config_cafile
    fi
}

# ---- Roots ---------------------------------------------------------------------------------------
make_base()
{
    local suite=$1 tar=$2 dir=$cache/base-$1
    "$top/packaging/deps.sh" fresh
    say "making the base root of $suite"
    rm -rf "$dir"
    quietly "$cache/debootstrap-$suite.txt" "debootstrap $suite failed" \
        "check the mirror $(mirror '')" \
        debootstrap --variant=minbase "$suite" "$dir" "$(mirror '')"
    tar -C "$dir" --one-file-system -cf "$tar.part" .
    mv "$tar.part" "$tar"
    rm -rf "$dir"
}

write_settings()
{
    local dir=$1 suite=$2
    cat >"$dir/etc/apt/sources.list" <<EOF
deb $(mirror '') $suite main
deb $(mirror '') $suite-updates main
deb $(mirror -security) $suite-security main
EOF
    host_apt_settings >"$dir/etc/apt/apt.conf.d/90host"
    echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/fresh"
    cp -L /etc/resolv.conf /etc/hosts "$dir/etc/"
    [ ! -f /etc/ssl/certs/ca-certificates.crt ] ||
        cp /etc/ssl/certs/ca-certificates.crt "$dir/etc/host-ca.crt"
}

copy_sources()
{
    local git=(git -c "safe.directory=$top" -C "$top") target=$1/src/karkas
    mkdir -p "$target"
    "${git[@]}" archive HEAD | tar -x -C "$target"
    if [ -n "$("${git[@]}" status --porcelain)" ]; then
        say "note: what is not committed is not part of this run"
    fi
}

make_root()
{
    local dir=$1 suite=$2 tar=$cache/base-$2.tar
    [ -f "$tar" ] || make_base "$suite" "$tar"
    rm -rf --one-file-system "$dir"
    mkdir -p "$dir"
    tar -C "$dir" -xf "$tar"
    write_settings "$dir" "$suite"
    copy_sources "$dir"
}

# ---- Inside the namespaces ------------------------------------------------------------------------
mount_device_files()
{
    local dev=$1/dev device
    mount -t tmpfs -o mode=755 tmpfs "$dev"
    for device in null zero full random urandom tty; do
        touch "$dev/$device"
        mount --bind "/dev/$device" "$dev/$device"
    done
    mkdir "$dev/pts" "$dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666 devpts "$dev/pts"
    mount -t tmpfs tmpfs "$dev/shm"
    ln -s pts/ptmx "$dev/ptmx"
    ln -s /proc/self/fd "$dev/fd"
    ln -s /proc/self/fd/1 "$dev/stdout"
    ln -s /proc/self/fd/2 "$dev/stderr"
}

# share KEPT FOLDER: the root's folder is the one that build-fresh/kept/KEPT is for all runs.
share()
{
    mkdir -p "$cache/kept/$1" "$2"
    mount --bind "$cache/kept/$1" "$2"
}

share_caches()
{
    local dir=$1 version
    version=$(sed -n 's/^VERSION_CODENAME=//p' "$dir/etc/os-release")
    share "apt-$version" "$dir/var/cache/apt/archives"
    mkdir -p "$dir/var/cache/apt/archives/partial"
    share npm "$dir/root/.npm"
    [ ! -d "$cache/kept/ccache-$version" ] || share "ccache-$version" "$dir/var/cache/ccache"
}

# What programs expect, and nothing through which they could change the machine's kernel.
enter_root()
{
    local dir=$1
    shift
    mount --bind "$dir" "$dir"
    mount -t proc proc "$dir/proc"
    mount --bind "$dir/proc/sys" "$dir/proc/sys"
    mount -o remount,bind,ro "$dir/proc/sys"
    mount -t sysfs -o ro sysfs "$dir/sys"
    mount_device_files "$dir"
    share_caches "$dir"
    if $with_systemd; then
        mount -t cgroup2 cgroup2 "$dir/sys/fs/cgroup"
        mount -t tmpfs -o mode=755 tmpfs "$dir/run"
    fi
    # Not chroot: systemd gives units user namespaces of their own, which a chroot cannot have.
    cd "$dir"
    pivot_root . .
    umount -l .
    cd /
    exec "$@"
}

# systemd runs inside.sh as a unit and ends with its result.
write_units()
{
    local dir=$1 unit
    shift
    printf '%s\n' "${environment[@]}" >"$dir/etc/fresh.env"
    cat >"$dir/etc/systemd/system/fresh.service" <<EOF
[Unit]
After=basic.target dbus.service
Wants=dbus.service
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
EnvironmentFile=/etc/fresh.env
StandardOutput=append:/var/log/fresh.log
StandardError=inherit
ExecStart=/bin/bash /src/karkas/tests/fresh/inside.sh $*
EOF
    printf '[Unit]\nRequires=basic.target\nWants=fresh.service\n' \
        >"$dir/etc/systemd/system/default.target"
    for unit in modules-load remount-fs udevd networkd resolved timesyncd; do
        ln -sf /dev/null "$dir/etc/systemd/system/systemd-$unit.service"
    done
}

install_systemd()
{
    local dir=$1
    quietly "$cache/systemd.txt" "systemd could not be installed" "see above" \
        in_namespaces "$dir" /usr/bin/env -i "${environment[@]}" DEBIAN_FRONTEND=noninteractive \
        sh -c 'apt-get -qq update && apt-get -qq -y --no-install-recommends install systemd \
            systemd-sysv dbus'
}

# in_namespaces DIR COMMAND...: the kernel kills all of it when this script ends.
in_namespaces()
{
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --uts --ipc --cgroup \
        --fork --kill-child=KILL "${BASH_SOURCE[0]}" --enter "$with_systemd" "$@"
}

# The control groups of the unified hierarchy, wherever this machine has it, deepest first.
groups()
{
    local hierarchy
    hierarchy=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    [ -n "$hierarchy" ] || die "this machine has no cgroup2 mount" "leave out --systemd"
    find "$hierarchy" -mindepth 1 -depth -type d
}

run_systemd()
{
    local dir=$1 rc=0 before group
    shift
    before=$(groups)
    with_systemd=false install_systemd "$dir"
    write_units "$dir" "$@"
    in_namespaces "$dir" /usr/bin/env -i container=chroot PATH="$path" \
        /lib/systemd/systemd --log-target=journal || rc=$?
    cat "$dir/var/log/fresh.log" || rc=1
    # systemd's groups are empty by now, but only rmdir takes them away.
    groups | grep -vxF "${before:-none}" | while read -r group; do rmdir "$group"; done || true
    return "$rc"
}

run_plain()
{
    local dir=$1
    shift
    in_namespaces "$dir" /usr/bin/env -i "${environment[@]}" \
        /bin/bash /src/karkas/tests/fresh/inside.sh "$@"
}

run_one()
{
    local debian=$1 suite dir rc=0 environment how=run_plain
    shift
    suite=$(suite_of "$debian")
    dir=$cache/root-$debian
    ! $with_systemd || how=run_systemd
    say "== Debian $debian ($suite)"
    make_root "$dir" "$suite"
    mapfile -t environment < <(host_environment)
    environment+=(HOME=/root LANG=C.UTF-8 PATH="$path")
    if command -v ccache >/dev/null; then
        mkdir -p "$cache/kept/ccache-$suite"
        environment+=(CCACHE_DIR=/var/cache/ccache)
    fi
    "$how" "$dir" "$@" || rc=$?
    if [ "$rc" -eq 0 ]; then
        rm -rf --one-file-system "$dir"
        say "Debian $debian: passed"
    else
        say "Debian $debian: FAILED; the root is left in build-fresh/root-$debian"
    fi
    return "$rc"
}

main()
{
    local debians=() what=() debian rc=0
    while [ $# -gt 0 ]; do
        case $1 in
        --enter)
            with_systemd=$2
            shift 2
            enter_root "$@"
            ;;
        --systemd) with_systemd=true ;;
        --test | --deps | --all) what+=("$1") ;;
        --new) rm -rf "$cache"/base-*.tar "$cache/kept" ;;
        -h | --help) usage; exit 0 ;;
        *) suite_of "$1" >/dev/null; debians+=("$1") ;;
        esac
        shift
    done
    is_root || die "clean roots need root" "run it with sudo"
    [ ${#debians[@]} -gt 0 ] || debians=(12 13)
    mkdir -p "$cache"
    for debian in "${debians[@]}"; do
        run_one "$debian" "${what[@]}" || rc=1
    done
    exit "$rc"
}

main "$@"

#!/bin/bash
# Shared by the scripts of this folder and sourced, never run: messages, the distribution,
# root. The caller has set -euo pipefail.

say()
{
    printf '%s\n' "$*"
}

# die WHAT_FAILED [WHAT_TO_DO]: ends the script with one clear message.
die()
{
    printf '\nerror: %s\n' "$1" >&2
    if [ $# -gt 1 ]; then
        printf '  todo: %s\n' "$2" >&2
    fi
    exit 1
}

# What fails without a message of its own still ends with one; needs set -E in the caller.
explain_errors()
{
    trap 'die "line $LINENO of $0 failed: $BASH_COMMAND" "read the lines above"' ERR
}

# quietly LOG WHAT_FAILED WHAT_TO_DO COMMAND...: the output goes to LOG and is shown, its end
# only, when the command fails.
quietly()
{
    local log=$1 failed=$2 todo=$3
    shift 3
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die "$failed" "$todo (the whole output: $log)"
    fi
}

# distribution: "debian-12" for Debian 12, "other" for what has no version.
distribution()
{
    local os_release=/etc/os-release
    [ -r "$os_release" ] || { echo unknown; return; }
    (
        # shellcheck disable=SC1090
        . "$os_release"
        printf '%s-%s\n' "${ID:-unknown}" "${VERSION_ID:-${VERSION_CODENAME:-unknown}}"
    )
}

is_root()
{
    [ "$(id -u)" -eq 0 ]
}

# as_root COMMAND...: directly or through sudo, where it needs no password or can ask.
as_root()
{
    if is_root; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "administrator rights are needed for: $*" "run the script again as root"
    fi
}

# has_node MAJOR: Node of at least this version and npm are there, whoever installed them.
has_node()
{
    local version
    command -v npm >/dev/null || return 1
    version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge "$1" ]
}

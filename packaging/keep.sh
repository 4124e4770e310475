#!/bin/bash
# What outlives a run of run.sh; sourced by it, never run: files that pages opened before an upgrade
# still ask for, and the wish for demonstration data until it is met. The caller has sourced common.sh
# and set lib, etc, data, user and demo; as_server runs a command as the server's user.
# shellcheck disable=SC2154  # they are the caller's

# ---- Files in their place --------------------------------------------------------------------------
# A copy of FROM beside TO, owned by root.
copy_beside()
{
    local from=$1 to=$2
    rm -rf "$to.new" "$to.old"
    cp -r --no-preserve=ownership "$from" "$to.new"
    chmod -R u+rwX,go+rX,go-w "$to.new"
}

# The copy takes the place of TO, which appears whole; a running server keeps its own.
swap_in()
{
    local to=$1
    [ ! -d "$to" ] || mv -T "$to" "$to.old"
    mv -T "$to.new" "$to"
    rm -rf "$to.old"
}

# put FROM TO: a file or folder.
put()
{
    copy_beside "$1" "$2"
    swap_in "$2"
}

# ---- The web UI ------------------------------------------------------------------------------------
# The files of a build that are named by their contents, as its manifest lists them.
hashed_files()
{
    sed -n 's|^ *"path": "\(ui/[A-Za-z0-9_.-]*\)",*$|\1|p' "$1/manifest.json"
}

# A page opened before an upgrade loads further parts of itself by the names of its own build, so the
# files of the build that goes stay beside the next one for one upgrade. The same build once more takes
# nothing from them.
keep_former()
{
    local old=$1 new=$2 file form
    [ -f "$old/manifest.json" ] || return 0
    if cmp -s "$old/manifest.json" "$new/manifest.json"; then
        cat "$old/former.txt" 2>/dev/null || true
    else
        hashed_files "$old"
    fi >"$new/former.txt"
    while read -r file; do
        for form in "$file" "$file.br" "$file.gz"; do
            if [ -f "$old/$form" ] && [ ! -e "$new/$form" ]; then
                cp --no-preserve=ownership "$old/$form" "$new/$form"
            fi
        done
    done <"$new/former.txt"
}

# put_web FROM TO
put_web()
{
    copy_beside "$1" "$2"
    keep_former "$2" "$2.new"
    swap_in "$2"
}

# ---- Demonstration data ----------------------------------------------------------------------------
# The mark outlives a run that is cut short: the next one finishes what a first start began.
want_demo()
{
    if [ "$demo" = no ]; then
        rm -f "$etc/demo.wanted"
    elif [ -f "$etc/demo.yaml" ] && [ -z "$(ls -A "$data")" ]; then
        touch "$etc/demo.wanted"
    fi
}

# load_demo: all of it or nothing, and no reason for the run to fail. The mark goes once they are there,
# or once the base has records of its own (status 3), where they would never be loaded again.
load_demo()
{
    local rc=0
    [ -e "$etc/demo.wanted" ] || return 0
    demo_said=$(as_server "$lib/bin/karkas" --data "$data" demo load "$etc/demo.yaml" 2>&1) || rc=$?
    case $rc in
    0)
        demo_said="Demonstration data are loaded. To take them away: sudo -u $user karkas demo remove"
        ;;
    3) demo_said="Demonstration data were not loaded, and will not be: $demo_said" ;;
    *)
        demo_said="Demonstration data were not loaded: $demo_said
The next run of packaging/run.sh tries again; with --no-demo it does not."
        return 0
        ;;
    esac
    rm -f "$etc/demo.wanted"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script shares: where things live, one-line progress, locks and atomic cache writes.
# Sourced after `set -euo pipefail`; defines functions and three read-only paths.

apus_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
apus_cache=${APUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/apus}
case $apus_cache in /*) ;; *) apus_cache=$PWD/$apus_cache ;; esac
# shellcheck disable=SC2034 # used by most, not all, of the scripts that read this file
readonly apus_root apus_cache
mkdir -p "$apus_cache/locks"

# One line of progress, on stderr so that stdout stays machine-readable.
say() { printf 'apus: %s\n' "$*" >&2; }

# One line of reason and remedy, then the end.
die() {
    printf 'apus: error: %s\n' "$*" >&2
    exit 1
}

# The comment block at the head of a script is its help text.
usage() { sed -n '3,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }

# as_root COMMAND...: runs it as root, through sudo when needed.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "root is needed for: $* (no sudo here; run this script as root)"
    fi
}

# locked NAME FUNCTION [ARG...]: runs the function with the cache lock NAME held, in a subshell.
# The lock is an open descriptor: it goes when the subshell goes, however it ends.
locked() {
    local name=$1
    shift
    (
        if ! flock --nonblock 9; then
            say "waiting for another run to finish with '$name'"
            flock 9
        fi
        "$@"
    ) 9>"$apus_cache/locks/$name"
}

# scratch VARIABLE: a new folder inside the cache (same file system, so a rename out of it is atomic).
# Folders of runs that were killed are swept after a day.
scratch() {
    mkdir -p "$apus_cache/tmp"
    find "$apus_cache/tmp" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} + 2>/dev/null || true
    printf -v "$1" '%s' "$(mktemp -d "$apus_cache/tmp/XXXXXX")"
}

# publish FROM TO: puts a finished file or folder in its place in one step.
publish() {
    mkdir -p "$(dirname "$2")"
    if [ -d "$1" ] && [ -d "$2" ] && [ ! -L "$2" ]; then rm -rf "$2"; fi
    mv -T -f "$1" "$2"
}

# point TO NAME: makes the symbolic link NAME in one step, also over an existing one.
point() {
    ln -sfn "$1" "$2.new.$$"
    mv -T -f "$2.new.$$" "$2"
}

# digest FILE...: a short name for the content of some files and of standard input when it is not a terminal.
digest() { sha256sum "$@" | sed 's/ .*//' | sha256sum | cut -c1-16; }

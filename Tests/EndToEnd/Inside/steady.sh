# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts of this folder, with OUT set as `out`: what they need because the emulated host is not sound.
#
# The emulator sometimes enters a guest with the host's own registers in the guest's control block: instruction pointer,
# stack, CR3 and descriptor tables are then addresses of the host's kernel, which no process can write (seen by KVM's
# tracepoints and the emulator's own log of exceptions). The guest meets a triple fault in the middle of its work, or
# loops between the two without an end and falls silent. Such a guest is told in OUT/repeats and run again, nine times
# at most; what it left is kept.

readonly patience=60

# resets NAME: how often a guest began anew without having said that it would.
resets() {
    local began said
    began=$(grep -c -a '] Linux version ' "$out/$1.console")
    said=$(grep -c -a 'reboot: Restarting system' "$out/$1.console")
    echo $((began > said + 1 ? began - said - 1 : 0))
}

# silent NAME: whether nothing came from a guest for a long time.
silent() { [ $(($(date +%s) - $(stat -c %Y "$out/$1.console" 2>/dev/null || date +%s))) -gt $patience ]; }

# steady NAME RESETS COMMAND...: runs a guest by COMMAND, which leaves OUT/NAME.*, until it went through as it should,
# with so many resets that are its own.
steady() {
    local name=$1 wanted=$2 attempt reason file
    shift 2
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        rm -f "$out/$name.silent"
        "$@"
        reason=""
        [ "$(resets "$name")" -le "$wanted" ] || reason="was reset by a fault nobody caused"
        [ ! -e "$out/$name.silent" ] || reason="fell silent for $patience s"
        [ -n "$reason" ] && [ "$attempt" -lt 10 ] || return 0
        echo "$name $reason: once more" | tee -a "$out/repeats"
        for file in "$out/$name".*; do mv "$file" "$out/repeat-$attempt-${file##*/}"; done
    done
}

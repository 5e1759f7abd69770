# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How every proof that prove-driver knows is built and run. Sourced after `set -euo pipefail`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/common.sh
. "$here/../lib/common.sh"
# shellcheck source=scripts/lib/packages.sh
. "$here/../lib/packages.sh"
# shellcheck source=scripts/lib/toolchain.sh
. "$here/../lib/toolchain.sh"

# prove NAME FULL [ROUNDS]: runs the driver; a run of FULL rounds or more leaves benchmarks/results/proof-NAME.json.
# LAUNCHER=FILE tests another launcher than this tree's, ROUND=N repeats one round alone.
prove() {
    local name=$1 full=$2 rounds=${3:-$2} work status=0 extra=()
    if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then die "/dev/kvm may not be opened by $(id -un): a proof needs it"; fi
    need_toolchain
    cd "$apus_root" || exit
    if [ -z "${LAUNCHER:-}" ] || [ ! -x .build/release/prove-driver ]; then
        install_packages "${build_packages[@]}"
        say "building the launcher and the driver in release mode"
        swift build -c release --product apus-launcher >&2
        swift build -c release --product prove-driver >&2
        if [ "$name" = supervise ]; then swift build -c release --product apus-supervisor >&2; fi
        build_payloads
    fi
    if [ -n "${ROUND:-}" ]; then
        extra=(--round "$ROUND")
    elif [ "$rounds" -ge "$full" ]; then
        mkdir -p benchmarks/results
        extra=(--json "benchmarks/results/proof-$name.json")
    fi
    scratch work
    .build/release/prove-driver "$name" --launcher "${LAUNCHER:-.build/release/apus-launcher}" --guests .build/guests \
        --scratch "$work" --rounds "$rounds" --seed "$SEED" --commit "$(git rev-parse --short HEAD)" "${extra[@]}" ||
        status=$?
    rm -rf "$work"
    exit "$status"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Swift toolchain and what a build needs beside it.

# shellcheck disable=SC2034 # read by build and test
build_packages=(libseccomp-dev libcap-dev zlib1g-dev libzstd-dev pkg-config binutils)

# The one thing that no script here installs.
need_toolchain() {
    local version
    command -v swift >/dev/null ||
        die "no Swift toolchain: install Swift 6.2 or later (https://www.swift.org/install/linux) and put it on PATH"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [ "$(printf '%s\n6.2\n' "$version" | sort -V | head -n 1)" = 6.2 ] ||
        die "Swift ${version:-of an unknown version} is too old: 6.2 or later is needed"
}

# The freestanding guest payloads have their own build.
build_payloads() { if [ -x "$apus_root/guests/build" ]; then "$apus_root/guests/build" >&2; fi; }

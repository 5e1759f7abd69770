# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian packages this machine needs: installed only when missing.

# missing_packages NAME...: the ones that are not installed, one a line.
missing_packages() {
    local name
    for name; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) in
            installed) ;;
            *) printf '%s\n' "$name" ;;
        esac
    done
}

# install_packages NAME...: returns at once when everything is there.
install_packages() {
    command -v dpkg-query >/dev/null || die "this is not a Debian system; install by hand: $*"
    [ -n "$(missing_packages "$@")" ] || return 0
    locked packages install_packages_locked "$@"
}

install_packages_locked() {
    local missing log
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "these Debian packages are missing and neither root nor sudo is at hand: apt-get install ${missing[*]}"
    fi
    say "installing Debian packages: ${missing[*]}"
    log=$apus_cache/packages.log
    if ! apt_install "${missing[@]}" >"$log" 2>&1; then
        # A package list that is missing or older than the archive is the usual cause.
        as_root apt-get -q -o DPkg::Lock::Timeout=600 update >>"$log" 2>&1 || true
        apt_install "${missing[@]}" >>"$log" 2>&1 || {
            tail -n 15 "$log" >&2
            die "apt-get could not install: ${missing[*]} (whole log: $log)"
        }
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@" </dev/null 9>&-
}

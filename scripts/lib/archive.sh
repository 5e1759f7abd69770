# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Reads the Debian archive without touching the system's apt: own lists and own downloads inside the cache, the
# archive's address taken from the system's own sources. Packages are unpacked, never installed.

readonly archive_suite=bookworm
readonly archive_dir=$apus_cache/apt

# The `deb` lines of this machine's Debian sources, one a line, with backports beside the main suite.
archive_sources() {
    local uri release label keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=""
    [ -r "$keyring" ] && options="[signed-by=$keyring] "
    # shellcheck disable=SC2016 # $(...) is apt's own format language
    apt-get indextargets --format '$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(LABEL)' 2>/dev/null |
        sed -n 's/^Packages|//p' | sort -u |
        while IFS='|' read -r uri release label; do
            case $label/$release in
                Debian/"$archive_suite")
                    printf 'deb %s%s %s main\n' "$options" "$uri" "$release"
                    printf 'deb %s%s %s main\n' "$options" "$uri" "$archive_suite-backports"
                    ;;
                Debian*/"$archive_suite"-*) printf 'deb %s%s %s main\n' "$options" "$uri" "$release" ;;
            esac
        done | awk '!seen[$0]++'
}

# apt_in FOLDER TOOL ARG...: apt-get or apt-cache on the lists, sources and downloads of a folder.
apt_in() {
    local folder=$1 tool=$2
    shift 2
    "$tool" -q -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" \
        -o APT::Sandbox::User=root -o APT::Update::Post-Invoke-Success="" "$@"
}

# archive_apt TOOL ARG...: the same on the private lists of this Debian.
archive_apt() { apt_in "$archive_dir" "$@"; }

# Reads the package lists anew. Call with the lock `archive` held.
archive_update() {
    mkdir -p "$archive_dir/lists/partial" "$archive_dir/cache/archives/partial"
    archive_sources >"$archive_dir/sources.list"
    if [ ! -s "$archive_dir/sources.list" ]; then
        as_root apt-get -q -o DPkg::Lock::Timeout=600 update >/dev/null 2>&1 || true
        archive_sources >"$archive_dir/sources.list"
    fi
    [ -s "$archive_dir/sources.list" ] ||
        die "no Debian 12 ($archive_suite) archive in this machine's apt sources; add one under /etc/apt"
    say "reading the Debian package lists"
    archive_apt apt-get update >"$archive_dir/update.log" 2>&1 || {
        tail -n 5 "$archive_dir/update.log" >&2
        die "the Debian package lists could not be read (log: $archive_dir/update.log)"
    }
    touch "$archive_dir/updated"
}

# Makes sure there are lists that are not older than a day.
archive_ready() {
    if [ -z "$(find "$archive_dir/updated" -mmin -1440 2>/dev/null)" ]; then archive_update; fi
}

# archive_candidate PACKAGE [SUITE]: the version that would be downloaded.
archive_candidate() {
    archive_apt apt-cache ${2:+-t "$2"} policy "$1" | sed -n 's/^  Candidate: //p' | grep -v '^(none)$'
}

# archive_dependency PACKAGE: the first package it depends on (a meta package names its current version there).
archive_dependency() { archive_apt apt-cache depends --important "$1" | sed -n 's/^  Depends: //p' | head -n 1; }

# archive_unpack FOLDER SUITE|"" PACKAGE...: downloads and unpacks into the folder; reads the lists anew once when the
# archive has moved on.
archive_unpack() {
    local folder=$1 suite=$2 debs deb
    shift 2
    debs=$folder.debs
    mkdir -p "$folder" "$debs"
    if ! (cd "$debs" && archive_apt apt-get ${suite:+-t "$suite"} download "$@") >"$archive_dir/download.log" 2>&1; then
        archive_update
        (cd "$debs" && archive_apt apt-get ${suite:+-t "$suite"} download "$@") >"$archive_dir/download.log" 2>&1 || {
            tail -n 5 "$archive_dir/download.log" >&2
            die "could not download from the Debian archive: $*"
        }
    fi
    for deb in "$debs"/*.deb; do dpkg -x "$deb" "$folder"; done
    rm -rf "$debs"
}

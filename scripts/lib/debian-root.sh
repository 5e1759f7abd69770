# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A full Debian 12 root disk: raw, ext4 without a partition table, sparse; and the kernel and initrd it boots with.
#   guests/debian-root.raw        the disk; never boot it itself, boot a copy
#   guests/boot-debian/           its vmlinuz and initrd, as `apus run --image` takes them
# The disk is made anew when this file or debian-root-setup changes, and on --refresh.

readonly debian_root_size=2G
debian_root_packages=(systemd-sysv udev dbus cloud-init qemu-guest-agent iproute2 iputils-ping openssh-server sudo fio iperf3
    kmod zstd procps)

# The folder of one recipe's result.
debian_root_folder() {
    local here
    here=$(dirname "${BASH_SOURCE[0]}")
    echo "$guests_dir/debian-root-$(digest "$here/debian-root.sh" "$here/debian-root-setup")"
}

# build_debian_root [refresh]
build_debian_root() {
    local folder
    folder=$(debian_root_folder)
    if [ "${1:-}" = refresh ] || [ ! -e "$folder/root.raw" ]; then
        install_packages mmdebstrap debian-archive-keyring e2fsprogs
        locked archive archive_ready
        locked debian-root build_debian_root_locked "$folder" "${1:-}"
    fi
    if [ "$(readlink "$guests_dir/debian-root.raw")" != "${folder##*/}/root.raw" ]; then
        point "${folder##*/}/root.raw" "$guests_dir/debian-root.raw"
        point "${folder##*/}/boot" "$guests_dir/boot-debian"
    fi
}

build_debian_root_locked() {
    local folder=$1 work setup plain kernel=linux-image-6.12-cloud-amd64
    if [ "$2" != refresh ] && [ -e "$folder/root.raw" ]; then return; fi
    # Backports are left out: a root disk is plain Debian 12.
    plain=$(archive_apt apt-cache madison "$kernel" | grep -v -c backports || true)
    [ "$plain" -gt 0 ] || kernel=linux-image-cloud-amd64
    say "building the Debian 12 root disk with $kernel (a minute or two, once)"
    scratch work
    setup=$(printf '%q' "$(dirname "${BASH_SOURCE[0]}")/debian-root-setup")
    grep -v backports "$archive_dir/sources.list" >"$work/sources.list"
    as_root mmdebstrap --variant=minbase --include="$(IFS=, && echo "${debian_root_packages[*]},$kernel")" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --essential-hook="$setup early \"\$1\"" \
        --customize-hook="$setup late \"\$1\"" \
        "$archive_suite" "$work/tree" - <"$work/sources.list" >"$work/log" 2>&1 || {
        tail -n 15 "$work/log" >&2
        mv "$work/log" "$apus_cache/debian-root.log"
        as_root rm -rf --one-file-system "$work"
        die "mmdebstrap failed (whole log: $apus_cache/debian-root.log)"
    }
    mkdir "$work/disk" "$work/disk/boot"
    as_root cat "$work"/tree/boot/vmlinuz-* >"$work/disk/boot/vmlinuz"
    as_root cat "$work"/tree/boot/initrd.img-* >"$work/disk/boot/initrd"
    as_root mke2fs -q -t ext4 -L debian -E root_owner=0:0 -d "$work/tree" "$work/disk/root.raw" "$debian_root_size" ||
        die "mke2fs could not make the root disk of $debian_root_size"
    as_root chown -R "$(id -u):$(id -g)" "$work/disk"
    as_root rm -rf --one-file-system "$work/tree"
    fallocate --dig-holes "$work/disk/root.raw"
    publish "$work/disk" "$folder"
    rm -rf "$work"
    # Disks of older recipes; another checkout may still want a recent one.
    find "$guests_dir" -maxdepth 1 -name 'debian-root-*' ! -path "$folder" -mtime +7 -exec rm -rf {} +
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Small initial file systems around a static busybox: one to test guests with, one that starts the nested host.

# copy_modules SERIES ROOT NAME...: the modules with everything they depend on, uncompressed, with their maps. Names that
# the kernel has built in, or does not have, are passed over: what is loaded is decided by the device found.
copy_modules() {
    local series=$1 root=$2 version tree name path file
    shift 2
    version=$(kernel_version "$series")
    tree=$(readlink -f "$guests_dir/modules-$series")
    mkdir -p "$root/lib/modules/$version"
    cp "$tree/lib/modules/$version/modules.builtin" "$tree/lib/modules/$version/modules.builtin.modinfo" \
        "$tree/lib/modules/$version/modules.order" "$root/lib/modules/$version/"
    for name; do
        { modprobe -d "$tree" -S "$version" --ignore-install --show-depends "$name" 2>/dev/null || true; } |
            sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
            file=$root/lib/modules/$version/${path#*/lib/modules/"$version"/}
            mkdir -p "$(dirname "$file")"
            case $path in
                *.ko.xz) xz -q -d -c "$path" >"${file%.xz}" ;;
                *) cp "$path" "$file" ;;
            esac
        done
    done
    depmod -b "$root" "$version"
}

# busybox_root ROOT INIT: the bare tree with busybox, its applets and the init script.
busybox_root() {
    local root=$1 applet
    mkdir -p "$root"/{bin,dev,proc,sys,run,tmp,mnt,etc,root}
    cp /bin/busybox "$root/bin/busybox"
    for applet in $(/bin/busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    ln -s bin "$root/sbin"
    install -m 755 "$2" "$root/init"
}

# pack ROOT OUTPUT: reproducible: the same tree gives the same bytes.
pack() {
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null --create --format=newc --reproducible --owner=0:0) |
        gzip -n -1 >"$2"
}

# build_initramfs NAME SERIES INIT MODULE...: guests/NAME-SERIES.gz, built anew only when its ingredients change.
build_initramfs() {
    local output=$guests_dir/$1-$2.gz key
    key=$(printf '%s\n' "$1" "$2" "${@:4}" "$(readlink -f "$guests_dir/modules-$2")" "$(dpkg-query -W busybox-static)" |
        digest "$3" "${BASH_SOURCE[0]}" -)
    [ "$(cat "$output.key" 2>/dev/null)" != "$key" ] || [ ! -e "$output" ] || return 0
    locked initramfs build_initramfs_locked "$key" "$output" "$@"
}

build_initramfs_locked() {
    local key=$1 output=$2 name=$3 series=$4 init=$5 work
    shift 5
    [ "$(cat "$output.key" 2>/dev/null)" != "$key" ] || [ ! -e "$output" ] || return 0
    say "building $name for kernel $series"
    scratch work
    busybox_root "$work/root" "$init"
    copy_modules "$series" "$work/root" "$@"
    pack "$work/root" "$work/packed"
    printf '%s\n' "$key" >"$work/key"
    rm -f "$output.key"
    publish "$work/packed" "$output"
    publish "$work/key" "$output.key"
    rm -rf "$work"
}

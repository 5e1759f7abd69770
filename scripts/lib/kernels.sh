# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Stock Debian guest kernels, unpacked into the cache:
#   guests/vmlinuz-SERIES   the bzImage as Debian ships it
#   guests/vmlinux-SERIES   the ELF image inside it, for PVH
#   guests/modules-SERIES   a tree with lib/modules/VERSION and modules.dep
# They are links into a folder named after the package, so an older kernel stays intact under a running guest.

readonly guests_dir=$apus_cache/guests

# The meta package that stands for a series.
kernel_package() {
    case $1 in
        6.12) echo linux-image-6.12-cloud-amd64 ;;
        6.1) echo linux-image-cloud-amd64 ;;
        *) die "no guest kernel series '$1' (known: 6.12 6.1)" ;;
    esac
}

# kernel_version SERIES: the version of the modules that were unpacked for it.
kernel_version() { basename "$guests_dir/modules-$1"/lib/modules/*; }

# little_endian FILE OFFSET BYTES: an unsigned number out of a file.
little_endian() { od -A n -t "u$3" --endian=little -j "$2" -N "$3" "$1" | tr -d ' '; }

# extract_vmlinux BZIMAGE OUTPUT: by the boot protocol's own payload_offset and payload_length (2.08 and later).
extract_vmlinux() {
    local image=$1 output=$2 setup start length magic
    [ "$(little_endian "$image" 514 4)" = 1400005704 ] || die "$image is no bzImage (no HdrS at 0x202)"
    setup=$(little_endian "$image" 497 1)
    start=$(((setup == 0 ? 5 : setup + 1) * 512 + $(little_endian "$image" 584 4)))
    length=$(little_endian "$image" 588 4)
    magic=$(od -A n -t x1 -j "$start" -N 4 "$image" | tr -d ' ')
    # All but gzip are followed by the uncompressed length in 4 bytes.
    case $magic in
        1f8b*) ;;
        *) length=$((length - 4)) ;;
    esac
    dd if="$image" iflag=skip_bytes,count_bytes skip="$start" count="$length" bs=1M status=none | case $magic in
        28b52ffd) zstd -q -d -c ;;
        02214c18) lz4 -q -d -c ;;
        fd377a58) xz -q -d -c ;;
        1f8b*) gzip -q -d -c ;;
        *) die "$image: payload of unknown compression, magic $magic" ;;
    esac >"$output" || die "$image: the payload did not decompress"
    [ "$(od -A n -t x1 -N 4 "$output" | tr -d ' ')" = 7f454c46 ] || die "$image: the payload is no ELF file"
}

# kernel_ready SERIES: whether nothing is left to do.
kernel_ready() { [ -e "$guests_dir/vmlinux-$1" ] && [ -e "$guests_dir/modules-$1/lib/modules" ]; }

# fetch_kernel SERIES [refresh]: see the head of this file.
fetch_kernel() {
    if [ "${2:-}" != refresh ] && kernel_ready "$1"; then return; fi
    install_packages zstd lz4 xz-utils kmod
    locked archive fetch_kernel_locked "$@"
}

fetch_kernel_locked() {
    local series=$1 refresh=${2:-} package folder version work
    if [ "$refresh" = refresh ]; then archive_update; elif kernel_ready "$series"; then return; else archive_ready; fi
    package=$(archive_dependency "$(kernel_package "$series")")
    [ -n "$package" ] || die "the Debian archive has no $(kernel_package "$series")"
    folder=kernels/${package//[^A-Za-z0-9.-]/_}_$(archive_candidate "$package" | tr -c 'A-Za-z0-9.\n-' _)
    if [ ! -d "$guests_dir/$folder" ]; then
        say "unpacking the guest kernel $package"
        scratch work
        archive_unpack "$work/package" "" "$package"
        mkdir -p "$work/kernel/modules"
        mv "$work"/package/boot/vmlinuz-* "$work/kernel/vmlinuz"
        mv "$work"/package/boot/config-* "$work/kernel/config"
        mv "$work/package/lib" "$work/kernel/modules/"
        version=$(basename "$work"/kernel/modules/lib/modules/*)
        depmod -b "$work/kernel/modules" "$version"
        extract_vmlinux "$work/kernel/vmlinuz" "$work/kernel/vmlinux"
        publish "$work/kernel" "$guests_dir/$folder"
        rm -rf "$work"
    fi
    point "$folder/vmlinuz" "$guests_dir/vmlinuz-$series"
    point "$folder/modules" "$guests_dir/modules-$series"
    point "$folder/vmlinux" "$guests_dir/vmlinux-$series"
}

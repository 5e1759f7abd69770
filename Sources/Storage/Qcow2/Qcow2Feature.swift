// SPDX-License-Identifier: Apache-2.0

/// The feature bits of a version 3 header (qcow2, "Header", bytes 72 to 95).
public enum Qcow2Feature {
    /// Incompatible bit 0: refcounts may be wrong and are rebuilt before the image is written.
    public static let dirty: UInt64 = 1 << 0
    /// Incompatible bit 1: metadata may be wrong; the image is not written.
    public static let corrupt: UInt64 = 1 << 1
    /// Incompatible bit 2: guest clusters lie in a file of their own.
    public static let externalData: UInt64 = 1 << 2
    /// Incompatible bit 3: compressed clusters are not zlib's.
    public static let compressionType: UInt64 = 1 << 3
    /// Incompatible bit 4: L2 entries are 128 bits and describe 32 subclusters.
    public static let extendedL2: UInt64 = 1 << 4
    /// All incompatible bits known here.
    public static let knownIncompatible = dirty | corrupt | externalData | compressionType | extendedL2

    /// Compatible bit 0: refcount updates may be late.
    public static let lazyRefcounts: UInt64 = 1 << 0

    /// Autoclear bit 0: the bitmaps are up to date.
    public static let bitmaps: UInt64 = 1 << 0
    /// Autoclear bit 1: the external data file is a raw image by itself.
    public static let rawExternalData: UInt64 = 1 << 1

    /// The three fields, as the feature name table numbers them.
    public enum Field: UInt8, Sendable, CaseIterable {
        case incompatible = 0
        case compatible = 1
        case autoclear = 2
    }

    /// The names that a header made here carries in its feature name table.
    static let names: [(field: Field, bit: UInt8, name: String)] = [
        (.incompatible, 0, "dirty bit"), (.incompatible, 1, "corrupt bit"), (.incompatible, 2, "external data file"),
        (.incompatible, 3, "compression type"), (.incompatible, 4, "extended L2 entries"),
        (.compatible, 0, "lazy refcounts"), (.autoclear, 0, "bitmaps"), (.autoclear, 1, "raw external data"),
    ]
}

// SPDX-License-Identifier: Apache-2.0

/// How compressed clusters are compressed (qcow2, header byte 104).
public enum Qcow2Compression: UInt8, Sendable, Equatable {
    /// Raw deflate.
    case zlib = 0
    /// zstd frames.
    case zstd = 1
}

// SPDX-License-Identifier: Apache-2.0

/// What a logical unit is.
public enum SCSIKind: Sendable, Equatable {
    /// A disk (SBC-3).
    case disk
    /// A CD-ROM drive (MMC-6): read-only, blocks of 2048 bytes, its medium may be taken out.
    case optical

    /// The peripheral device type of INQUIRY (SPC-4 §6.6.2).
    var deviceType: UInt8 { self == .disk ? 0 : 5 }
}

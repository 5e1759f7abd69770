// SPDX-License-Identifier: Apache-2.0

/// What a virtio device is (virtio 1.2 §5).
public enum VirtioKind: UInt16, Sendable, CaseIterable {
    /// Network card, §5.1.
    case network = 1
    /// Disk, §5.2.
    case block = 2
    /// Console, §5.3.
    case console = 3
    /// Entropy source, §5.4.
    case entropy = 4
    /// Memory balloon, §5.5.
    case balloon = 5
    /// SCSI host adapter, §5.6.
    case scsi = 8
    /// Graphics adapter, §5.7.
    case graphics = 16
    /// Keyboard, mouse or tablet, §5.8.
    case input = 18
    /// Socket device, §5.10.
    case socket = 19
    /// File system device, §5.11.
    case fileSystem = 26

    /// PCI class, subclass and programming interface as the three upper bytes of the revision register read them.
    public var classCode: UInt32 {
        switch self {
        case .network: 0x02_00_00
        case .block, .scsi: 0x01_00_00
        case .console: 0x07_80_00
        case .graphics: 0x03_80_00
        case .input: 0x09_80_00
        case .socket: 0x07_80_00
        case .fileSystem: 0x01_80_00
        case .entropy, .balloon: 0x00_FF_00
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Offsets and bits of the type 0 header (PCI 3.0 §6.1).
enum Register {
    static let command = 0x04
    static let status = 0x06
    static let revision = 0x08
    static let headerType = 0x0E
    static let baseAddress0 = 0x10
    static let subsystemVendor = 0x2C
    static let capabilities = 0x34
    static let firstCapability = 0x40

    static let commandIO: UInt16 = 1 << 0
    static let commandMemory: UInt16 = 1 << 1
    static let commandMaster: UInt16 = 1 << 2
    static let commandParity: UInt16 = 1 << 6
    static let commandSystemError: UInt16 = 1 << 8
    static let commandInterruptDisable: UInt16 = 1 << 10
    static let statusCapabilities: UInt16 = 1 << 4
}

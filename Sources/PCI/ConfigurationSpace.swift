// SPDX-License-Identifier: Apache-2.0

/// The configuration registers of one function: bytes, and for each bit whether the guest may change it.
///
/// The first 256 bytes are stored; the rest of the 4 KiB reads as zero, which says that there are no extended
/// capabilities (PCIe §7.9.2). Offsets out of range read as zero and swallow writes.
public struct ConfigurationSpace: Equatable, Sendable {
    /// Bytes that are stored.
    public static let count = 256
    /// The registers' contents.
    public private(set) var bytes: [UInt8]
    private var writable: [UInt8]
    private var lastCapability = 0
    private var nextFree = Register.firstCapability

    /// A type 0 header without BARs and capabilities; the command register's usual bits are writable.
    public init(_ identity: Identity, isMultifunction: Bool = false) {
        bytes = [UInt8](repeating: 0, count: ConfigurationSpace.count)
        writable = bytes
        set(identity.vendor, at: 0)
        set(identity.device, at: 2)
        set(UInt32(identity.revision) | identity.classCode << 8, at: Register.revision)
        set(UInt8(isMultifunction ? 0x80 : 0), at: Register.headerType)
        set(identity.subsystemVendor, at: Register.subsystemVendor)
        set(identity.subsystem, at: Register.subsystemVendor + 2)
        allow(
            Register.commandIO | Register.commandMemory | Register.commandMaster | Register.commandParity
                | Register.commandSystemError | Register.commandInterruptDisable, at: Register.command)
        // Cache line size and interrupt line are scratch registers for firmware and kernels.
        allow(UInt8(0xFF), at: 0x0C)
        allow(UInt8(0xFF), at: 0x3C)
    }

    /// What the guest reads.
    public func read(offset: Int, size: Int) -> UInt32 {
        var value: UInt32 = 0
        for i in 0..<size where bytes.indices.contains(offset + i) { value |= UInt32(bytes[offset + i]) << (8 * i) }
        return value
    }

    /// What the guest writes: only writable bits change.
    public mutating func write(offset: Int, size: Int, value: UInt32) {
        for i in 0..<size where bytes.indices.contains(offset + i) {
            let mask = writable[offset + i]
            bytes[offset + i] = bytes[offset + i] & ~mask | UInt8(truncatingIfNeeded: value >> (8 * i)) & mask
        }
    }

    /// Sets a register's contents whatever the guest may do with it.
    public mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for i in 0..<MemoryLayout<T>.size { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
    }

    /// Lets the guest change these bits of a register.
    public mutating func allow<T: FixedWidthInteger>(_ mask: T, at offset: Int) {
        for i in 0..<MemoryLayout<T>.size { writable[offset + i] |= UInt8(truncatingIfNeeded: mask >> (8 * i)) }
    }

    /// Appends a capability to the list (PCI 3.0 §6.7); says where it begins.
    ///
    /// - Parameters:
    ///   - id: capability ID.
    ///   - body: what follows the ID and the link.
    ///   - mask: bits of `body` the guest may change; shorter than `body` means none in the rest.
    public mutating func addCapability(id: UInt8, body: [UInt8], writable mask: [UInt8] = []) -> Int {
        let at = nextFree
        precondition(at + 2 + body.count <= ConfigurationSpace.count, "Capabilities do not fit in 256 bytes")
        set(id, at: at)
        for (i, byte) in body.enumerated() { set(byte, at: at + 2 + i) }
        for (i, byte) in mask.enumerated() { allow(byte, at: at + 2 + i) }
        set(UInt8(at), at: lastCapability == 0 ? Register.capabilities : lastCapability + 1)
        set(UInt16(read(offset: Register.status, size: 2)) | Register.statusCapabilities, at: Register.status)
        lastCapability = at
        nextFree = (at + 2 + body.count + 3) & ~3
        return at
    }

    /// Whether the function answers memory accesses (PCI 3.0 §6.2.2).
    public var decodesMemory: Bool { UInt16(read(offset: Register.command, size: 2)) & Register.commandMemory != 0 }

    /// Turns memory decoding on, as firmware does once BARs are placed.
    public mutating func enableMemory() {
        set(UInt16(read(offset: Register.command, size: 2)) | Register.commandMemory, at: Register.command)
    }

    /// Adds a memory BAR (PCI 3.0 §6.2.5.1): the sizing protocol is that its low bits cannot be changed.
    public mutating func addBAR(_ bar: BAR, address: UInt64) {
        let at = bar.offset
        let mask = ~(bar.bytes - 1)
        allow(UInt32(truncatingIfNeeded: mask), at: at)
        set(UInt32((bar.is64Bit ? 4 : 0) | (bar.isPrefetchable ? 8 : 0)), at: at)
        if bar.is64Bit { allow(UInt32(truncatingIfNeeded: mask >> 32), at: at + 4) }
        place(bar, at: address)
    }

    /// Sets a BAR's address.
    public mutating func place(_ bar: BAR, at address: UInt64) {
        let flags = read(offset: bar.offset, size: 4) & 0xF
        set(UInt32(truncatingIfNeeded: address) & ~0xF | flags, at: bar.offset)
        if bar.is64Bit { set(UInt32(truncatingIfNeeded: address >> 32), at: bar.offset + 4) }
    }

    /// Where a BAR lies now, whether or not it is decoded.
    public func address(of bar: BAR) -> UInt64 {
        let low = UInt64(read(offset: bar.offset, size: 4) & ~0xF)
        return bar.is64Bit ? low | UInt64(read(offset: bar.offset + 4, size: 4)) << 32 : low
    }

    /// Takes over the writable bits of a saved space; everything fixed stays.
    ///
    /// False, with nothing changed, when the saved space is not one of this function.
    public mutating func restore(_ saved: [UInt8]) -> Bool {
        guard saved.count == bytes.count else { return false }
        for i in bytes.indices where (saved[i] ^ bytes[i]) & ~writable[i] != 0 { return false }
        bytes = saved
        return true
    }
}

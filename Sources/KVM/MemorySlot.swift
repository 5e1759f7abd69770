// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import GuestMemory

/// A run of guest-physical addresses backed by the process's memory (KVM api.rst 4.35).
public struct MemorySlot: Sendable {
    /// Slot number, below the capability NR_MEMSLOTS.
    public var number: UInt32
    /// First guest address, page-aligned.
    public var start: GuestAddress
    /// Bytes; 0 removes the slot.
    public var count: UInt64
    /// Where the bytes are in this process.
    public var hostAddress: UInt
    /// Guest writes leave the guest as MMIO exits instead of reaching the memory.
    public var isReadOnly: Bool
    /// The kernel keeps a bitmap of the pages the guest wrote.
    public var logsDirtyPages: Bool

    /// A slot.
    public init(
        number: UInt32, start: GuestAddress, count: UInt64, hostAddress: UInt, isReadOnly: Bool = false,
        logsDirtyPages: Bool = false
    ) {
        self.number = number
        self.start = start
        self.count = count
        self.hostAddress = hostAddress
        self.isReadOnly = isReadOnly
        self.logsDirtyPages = logsDirtyPages
    }

    var flags: UInt32 {
        (isReadOnly ? UInt32(KVM_MEM_READONLY) : 0) | (logsDirtyPages ? UInt32(KVM_MEM_LOG_DIRTY_PAGES) : 0)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CKVM

/// Why a vCPU came back from KVM_RUN (KVM api.rst 5). Accesses point into the page shared with the kernel and are valid
/// until the next `run`.
@safe
public enum Exit {
    /// IN or OUT.
    case port(PortAccess)
    /// A load or store of unbacked guest-physical space.
    case memory(MemoryAccess)
    /// HLT, only without an in-kernel APIC.
    case halted
    /// A triple fault.
    case shutdown
    /// A signal or `immediateExit` ended the run.
    case interrupted
    /// A reset or shutdown that the kernel noticed itself (KVM_SYSTEM_EVENT_*).
    case systemEvent(UInt32)
    /// The CPU refused to enter the guest.
    case entryFailed(reason: UInt64)
    /// KVM could not go on, such as an instruction it does not emulate.
    case internalError(suberror: UInt32)
    /// An exit that nobody asked for.
    case other(reason: UInt32)
}

/// IN or OUT of `count` items of `size` bytes at one port.
@safe
public struct PortAccess {
    /// OUT rather than IN.
    public let isWrite: Bool
    /// Bytes of one item: 1, 2 or 4.
    public let size: Int
    /// The port.
    public let port: UInt16
    /// Items; more than one for the string instructions.
    public let count: Int
    @usableFromInline let data: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    init(isWrite: Bool, size: Int, port: UInt16, count: Int, data: UnsafeMutableRawPointer) {
        self.isWrite = isWrite
        self.size = size
        self.port = port
        self.count = count
        unsafe self.data = data
    }

    /// The item's value, little-endian and zero-extended; `index` is below `count`.
    @inlinable @inline(__always)
    public func value(_ index: Int = 0) -> UInt64 {
        // SAFETY: the kernel put `count` items of `size` bytes here.
        let p = unsafe data + index &* size
        return switch size {
        case 1: UInt64(unsafe p.load(as: UInt8.self))
        case 2: UInt64(unsafe p.loadUnaligned(as: UInt16.self))
        default: UInt64(unsafe p.loadUnaligned(as: UInt32.self))
        }
    }

    /// Answers an IN.
    @inlinable @inline(__always)
    public func answer(_ value: UInt64, _ index: Int = 0) {
        // SAFETY: as above; the kernel takes the items from here when the vCPU runs on.
        let p = unsafe data + index &* size
        switch size {
        case 1: unsafe p.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: unsafe p.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        default: unsafe p.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        }
    }
}

/// A load or store of 1 to 8 bytes.
@safe
public struct MemoryAccess {
    /// A store rather than a load.
    public let isWrite: Bool
    /// Guest-physical address.
    public let address: UInt64
    /// Bytes, 1 to 8.
    public let size: Int
    @usableFromInline let data: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    init(isWrite: Bool, address: UInt64, size: Int, data: UnsafeMutableRawPointer) {
        self.isWrite = isWrite
        self.address = address
        self.size = size
        unsafe self.data = data
    }

    /// What is stored, little-endian and zero-extended.
    @inlinable @inline(__always)
    public var value: UInt64 {
        // SAFETY: the kernel's buffer is 8 bytes, the upper ones undefined.
        let raw = unsafe data.loadUnaligned(as: UInt64.self)
        return size >= 8 ? raw : raw & (1 &<< UInt64(size &* 8) &- 1)
    }

    /// Answers a load.
    @inlinable @inline(__always)
    public func answer(_ value: UInt64) { unsafe data.storeBytes(of: value, as: UInt64.self) }
}

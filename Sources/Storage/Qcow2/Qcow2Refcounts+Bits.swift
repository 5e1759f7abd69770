// SPDX-License-Identifier: Apache-2.0

extension Qcow2Refcounts {
    static func put(_ bytes: inout [UInt8], _ index: UInt64, _ value: UInt64, _ order: UInt64) {
        // SAFETY: the caller's array is a block.
        unsafe bytes.withUnsafeMutableBytes { p in
            if let base = p.baseAddress { unsafe put(base, index, value, order) }
        }
    }

    static func put(_ base: UnsafeMutableRawPointer, _ index: UInt64, _ value: UInt64, _ order: UInt64) {
        let at = Int((index << order) >> 3)
        switch order {
        case 0, 1, 2:
            let shift = (index << order) & 7
            let mask = UInt8(truncatingIfNeeded: (UInt64(1) << (1 << order)) &- 1) << UInt8(shift)
            let old = unsafe base.load(fromByteOffset: at, as: UInt8.self)
            let new = (old & ~mask) | (UInt8(truncatingIfNeeded: value) << UInt8(shift) & mask)
            unsafe base.storeBytes(of: new, toByteOffset: at, as: UInt8.self)
        case 3: unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: at, as: UInt8.self)
        case 4:
            unsafe base.storeBytes(
                of: UInt16(truncatingIfNeeded: value).bigEndian, toByteOffset: at, as: UInt16.self)
        case 5:
            unsafe base.storeBytes(
                of: UInt32(truncatingIfNeeded: value).bigEndian, toByteOffset: at, as: UInt32.self)
        default: unsafe base.storeBytes(of: value.bigEndian, toByteOffset: at, as: UInt64.self)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why guest RAM could not be had.
public enum RAMError: Error, Sendable, CustomStringConvertible {
    /// Below one page.
    case tooSmall(bytes: UInt64)
    /// The kernel has no such address range or not enough memory to promise.
    case unavailable(bytes: UInt64, Errno)
    /// RAM, or the part below the hole, is not a whole number of pages.
    case unaligned(bytes: UInt64, pageBytes: UInt64)
    /// The hugetlb pool cannot cover it.
    case poolTooSmall(bytes: UInt64, pageBytes: UInt64, Errno)
    /// The host has no such NUMA node, or it is out of bounds for this process.
    case nodeUnavailable(Int, Errno)

    /// One line that says what to do.
    public var description: String {
        switch self {
        case .tooSmall(let bytes): "Memory of \(bytes) bytes is less than one page; ask for at least 16Mi"
        case .unavailable(let bytes, let error):
            "\(bytes >> 20) MiB of guest memory cannot be mapped (\(error)); ask for less or free memory on the host"
        case .unaligned(let bytes, let page):
            "Memory of \(bytes) bytes is not a multiple of the \(RAMError.name(page)) page; round it up"
        case .poolTooSmall(let bytes, let page, let error):
            "The hugepages-\(RAMError.name(page)) pool cannot give \(bytes / page) pages (\(error.reason)); raise "
                + "/sys/kernel/mm/hugepages/hugepages-\(page >> 10)kB/nr_hugepages or ask for less"
        case .nodeUnavailable(let node, let error): "Memory cannot be bound to NUMA node \(node) of the host (\(error))"
        }
    }

    private static func name(_ bytes: UInt64) -> String { bytes >= 1 << 30 ? "\(bytes >> 30)Gi" : "\(bytes >> 20)Mi" }
}

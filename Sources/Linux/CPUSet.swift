// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A set of CPU numbers, as the scheduler knows them.
public struct CPUSet: Equatable, Sendable, CustomStringConvertible {
    /// CPU numbers in rising order.
    public private(set) var cpus: [Int]

    /// A set of these CPUs; those beyond the kernel's mask are dropped.
    public init(_ cpus: some Sequence<Int>) {
        self.cpus = Array(Set(cpus.filter { 0..<CPUSet.limit ~= $0 })).sorted()
    }

    /// Reads the kernel's list format, such as "0-3,8" (cpuset.cpus, node*/cpulist), spaces and the final line feed
    /// allowed; nil when it is anything else or names a CPU beyond the kernel's mask.
    public init?(list: String) {
        var all: Set<Int> = []
        let text = list.filter { !$0.isWhitespace }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) where !text.isEmpty {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            let digits = ends.allSatisfy { !$0.isEmpty && $0.allSatisfy { "0"..."9" ~= $0 } }
            guard digits, 1...2 ~= ends.count, let first = ends.first.flatMap({ Int($0) }),
                let last = ends.last.flatMap({ Int($0) }), first <= last, last < CPUSet.limit
            else { return nil }
            all.formUnion(first...last)
        }
        self.init(all)
    }

    /// The CPUs this process may run on: its cpuset and affinity mask together.
    /// - Throws: `Errno` of `sched_getaffinity`.
    public static func allowed() throws(Errno) -> CPUSet {
        var mask = [UInt8](repeating: 0, count: limit / 8)
        // SAFETY: the array bounds what the kernel writes.
        let r = unsafe mask.withUnsafeMutableBytes { p in unsafe clinux_get_affinity(0, p.baseAddress, p.count) }
        try Errno.check(r, "sched_getaffinity")
        return CPUSet((0..<limit).filter { mask[$0 / 8] & (1 << UInt8($0 % 8)) != 0 })
    }

    /// Restricts a thread to this set; 0 means the calling thread.
    /// - Throws: `Errno` of `sched_setaffinity`.
    public func apply(to threadID: Int32 = 0) throws(Errno) {
        var mask = [UInt8](repeating: 0, count: CPUSet.limit / 8)
        for cpu in cpus { mask[cpu / 8] |= 1 << UInt8(cpu % 8) }
        // SAFETY: the array bounds what the kernel reads.
        let r = unsafe mask.withUnsafeBytes { p in unsafe clinux_set_affinity(threadID, p.baseAddress, p.count) }
        try Errno.check(r, "sched_setaffinity")
    }

    /// The kernel's list format, such as "0-3,8".
    public var description: String {
        var parts: [String] = []
        var i = 0
        while i < cpus.count {
            var j = i
            while j + 1 < cpus.count, cpus[j + 1] == cpus[j] + 1 { j += 1 }
            parts.append(i == j ? "\(cpus[i])" : "\(cpus[i])-\(cpus[j])")
            i = j + 1
        }
        return parts.joined(separator: ",")
    }

    private static let limit = 8192
}

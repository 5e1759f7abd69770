// SPDX-License-Identifier: Apache-2.0

extension CPUIDPolicy {
    /// The complete answers of one vCPU, for `KVM_SET_CPUID2`.
    /// - Parameter index: the vCPU's number, from 0.
    public func entries(forCPU index: Int) -> [CPUIDEntry] {
        let id = topology.apicID(of: index)
        var set = CPUIDSet(shared)
        setStandardLeaf(&set, id)
        setCaches(&set)
        set.remove { $0.function == 0xB || $0.function == 0x1F || $0.function == 0x8000_0026 }
        // The x2APIC leaf, and leaf 0x1F, which newer guests ask first, where the host has it.
        appendLevels(&set, 0xB, id)
        if shared.contains(where: { $0.function == 0x1F }) { appendLevels(&set, 0x1F, id) }
        if isAMD { setAMD(&set, id) }
        return set.entries
    }

    private var threadsPerSocket: Int { topology.cores * topology.threads }

    /// Leaf 1: APIC id, threads a socket, HTT (Intel SDM 2A).
    private func setStandardLeaf(_ set: inout CPUIDSet, _ id: UInt32) {
        let count = UInt32(min(threadsPerSocket, 255))
        set.update(1) {
            $0.ebx = ($0.ebx & 0xFFFF) | count << 16 | (id & 0xFF) << 24
            $0.edx = count > 1 ? $0.edx | 1 << 28 : $0.edx & ~(1 << 28)
        }
    }

    /// Leaf 4 and AMD's 0x8000001D: who shares a cache, in APIC id space. First and second levels belong to a core,
    /// the third to a socket or to its part in one NUMA node.
    private func setCaches(_ set: inout CPUIDSet) {
        let perCore = UInt32(1) << UInt32(topology.threadBits)
        let lastLevel = UInt32(1) << UInt32(lastLevelBits)
        let cores = UInt32(1) << UInt32(topology.coreBits)
        for entry in set.entries where entry.function == 4 || entry.function == 0x8000_001D {
            if entry.eax & 0x1F == 0 { continue }
            let sharing = entry.eax >> 5 & 7 >= 3 ? lastLevel : perCore
            let coreField = entry.function == 4 ? min(cores - 1, 63) << 26 : entry.eax & 0xFC00_0000
            set.update(entry.function, entry.index) {
                $0.eax = ($0.eax & 0x3FFF) | min(sharing - 1, 0xFFF) << 14 | coreField
            }
        }
    }

    /// The extended topology: threads, cores, then an empty level (Intel SDM 2A, leaves 0xB and 0x1F).
    private func appendLevels(_ set: inout CPUIDSet, _ function: UInt32, _ id: UInt32) {
        let threadBits = UInt32(topology.threadBits)
        let levels: [(shift: UInt32, count: Int, type: UInt32)] = [
            (threadBits, topology.threads, 1), (threadBits + UInt32(topology.coreBits), threadsPerSocket, 2), (0, 0, 0),
        ]
        for (index, level) in levels.enumerated() {
            set.insert(
                CPUIDEntry(
                    function: function, index: UInt32(index), flags: CPUIDEntry.significantIndex, eax: level.shift,
                    ebx: UInt32(min(level.count, 0xFFFF)), ecx: level.type << 8 | UInt32(index), edx: id))
        }
    }

    /// AMD's own leaves: core count and id width, the legacy multi-core flag, ids of core and node (AMD APM 3 E.4).
    private func setAMD(_ set: inout CPUIDSet, _ id: UInt32) {
        let threads = UInt32(threadsPerSocket)
        let width = UInt32(topology.threadBits + topology.coreBits)
        set.update(0x8000_0008) { $0.ecx = ($0.ecx & ~0xF0FF) | min(threads - 1, 255) | min(width, 15) << 12 }
        set.update(0x8000_0001) { $0.ecx = threads > 1 ? $0.ecx | 2 : $0.ecx & ~2 }
        set.update(0x8000_001E) {
            let core = id >> UInt32(topology.threadBits) & ((1 << UInt32(topology.coreBits)) - 1)
            $0.eax = id
            $0.ebx = (core & 0xFF) | UInt32(topology.threads - 1) << 8
            $0.ecx = id >> width & 0xFF
        }
    }
}

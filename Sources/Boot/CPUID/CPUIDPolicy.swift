// SPDX-License-Identifier: Apache-2.0

/// Turns what the host's KVM supports and what a manifest asks for into the CPUID answers of each vCPU.
///
/// A pure function of its inputs: `init` settles the features all vCPUs share, `entries(forCPU:)` adds what tells
/// one vCPU from another.
public struct CPUIDPolicy: Equatable, Sendable {
    /// What the host offers.
    public struct Host: Equatable, Sendable {
        /// The answer of `KVM_GET_SUPPORTED_CPUID`.
        public var entries: [CPUIDEntry]
        /// `KVM_CAP_TSC_DEADLINE_TIMER`; older kernels leave the bit out of their answer.
        public var tscDeadlineTimer: Bool

        /// Describes a host.
        public init(entries: [CPUIDEntry], tscDeadlineTimer: Bool) {
            self.entries = entries
            self.tscDeadlineTimer = tscDeadlineTimer
        }
    }

    /// Sockets, cores and threads.
    public let topology: CPUTopology
    /// How many bits of an APIC id tell apart the CPUs that share a last-level cache.
    let lastLevelBits: Int
    /// The entries all vCPUs share, before topology.
    let shared: [CPUIDEntry]
    /// Whether the vendor is AMD or Hygon, whose topology leaves differ from Intel's.
    let isAMD: Bool

    /// Settles the features.
    /// - Throws: `CPUIDError`.
    public init(host: Host, request: CPURequest) throws(CPUIDError) {
        if case .named(let name) = request.model { throw .namedModel(name) }
        var set = CPUIDSet(host.entries)
        guard let identity = set[1] else { throw .noHostCPU }
        let vendor = set[0].map { [$0.ebx, $0.edx, $0.ecx] } ?? []
        isAMD = vendor == [0x6874_7541, 0x6974_6E65, 0x444D_4163] || vendor == [0x6F67_7948, 0x6E65_476E, 0x656E_6975]
        topology = request.topology
        lastLevelBits = request.topology.lastLevelBits(nodes: request.nodes)

        set.update(1) { $0.ecx = identity.ecx | (host.tscDeadlineTimer ? 1 << 24 : 0) }
        let offered = set
        if request.model == .hostModel {
            for feature in CPUFeature.all where !feature.isMigratable { set.turn(feature, on: false) }
        }
        Self.setParavirtual(&set, hidden: request.hidesKVM)
        Self.hidePMU(&set)
        for wanted in request.features {
            guard let feature = CPUFeature.named(wanted.name) else {
                throw .unknownFeature(wanted.name, nearest: CPUFeature.nearest(to: wanted.name))
            }
            let has = offered.has(feature)
            switch wanted.policy {
            case .require where !has: throw .missingFeature(wanted.name)
            case .forbid where has: throw .forbiddenFeature(wanted.name)
            case .force, .require: set.turn(feature, on: true)
            case .optional: if has { set.turn(feature, on: true) }
            case .disable, .forbid: set.turn(feature, on: false)
            }
        }
        set.settleDependencies()
        set.update(1) {
            // The guest is told it is one; OSXSAVE and OSPKE mirror CR4, which starts without them.
            $0.ecx = ($0.ecx | 1 << 31) & ~(1 << 27)
        }
        set.update(7) { $0.ecx &= ~(1 << 4) }
        shared = set.entries
    }

    /// KVM's signature and paravirtual features (KVM Documentation/virt/kvm/x86/cpuid.rst).
    private static func setParavirtual(_ set: inout CPUIDSet, hidden: Bool) {
        let offered = set[0x4000_0001]?.eax ?? 0
        set.remove { (0x4000_0000...0x4FFF_FFFF).contains($0.function) }
        if hidden { return }
        set.insert(
            CPUIDEntry(
                function: 0x4000_0000, eax: 0x4000_0001, ebx: 0x4B4D_564B, ecx: 0x564B_4D56, edx: 0x0000_004D))
        // Left out: mmu (2, gone), asyncpf-vmexit (10, nested only), msi-ext-dest-id (15), map-gpa (16) and
        // migration-control (17), which need the VMM's help.
        let wanted: UInt32 = 0x0100_7AFB
        set.insert(CPUIDEntry(function: 0x4000_0001, eax: offered & wanted))
    }

    /// There is no virtual PMU: its leaves answer zero and the bits that announce it are off.
    private static func hidePMU(_ set: inout CPUIDSet) {
        set.update(0xA) {
            $0.eax = 0
            $0.ebx = 0
            $0.ecx = 0
            $0.edx = 0
        }
        set.remove { $0.function == 0x8000_0022 }
        set.update(1) { $0.ecx &= ~(1 << 15) }
        set.update(0x8000_0001) { $0.ecx &= ~(3 << 23 | 1 << 28) }
    }
}

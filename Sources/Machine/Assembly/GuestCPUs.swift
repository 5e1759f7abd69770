// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import Control
internal import KVM
internal import Linux

/// What the guest's CPUs are: the host's CPUID through the policy the configuration asks for.
struct GuestCPUs {
    let topology: Boot.CPUTopology
    let policy: CPUIDPolicy
    /// Width of a guest-physical address.
    let physicalBits: Int

    /// - Throws: `MachineError.cpu` or `configuration` that names the field.
    init(_ configuration: CPUConfiguration, plan: MemoryPlan, system: borrowing System) throws(MachineError) {
        let wanted = configuration.topology
        guard
            let topology = Boot.CPUTopology(
                sockets: Int(wanted.sockets), cores: Int(wanted.cores), threads: Int(wanted.threads))
        else { throw .configuration(field: "cpu.topology", "is beyond what APIC ids can show") }
        let most = system.maximumVCPUs
        guard topology.count <= most else {
            throw .configuration(
                field: "cpu", "\(topology.count) vCPUs are more than the \(most) that KVM allows on this host")
        }
        let lastID = topology.apicID(of: topology.count - 1)
        guard Int(lastID) < max(system.check(.maximumVCPUID), most) else {
            throw .configuration(field: "cpu.topology", "needs APIC id \(lastID), beyond what KVM allows on this host")
        }
        let host = try MachineError.step("Reading the host's CPUID") { () throws(Errno) in
            try system.supportedCPUID()
        }
        let request = CPURequest(
            model: configuration.model == .hostModel ? .hostModel : .hostPassthrough,
            features: configuration.features.map { feature in
                CPURequest.Feature(feature.name, CPURequest.Policy(rawValue: feature.policy.rawValue) ?? .require)
            }, topology: topology,
            nodes: plan.nodes.isEmpty ? [] : (0..<topology.count).map { plan.node(ofCPU: $0) })
        do throws(CPUIDError) {
            policy = try CPUIDPolicy(
                host: CPUIDPolicy.Host(
                    entries: host.map { Boot.CPUIDEntry($0) },
                    tscDeadlineTimer: system.check(.tscDeadlineTimer) > 0),
                request: request)
        } catch {
            throw .cpu(error)
        }
        self.topology = topology
        let widths = policy.entries(forCPU: 0).first { $0.function == 0x8000_0008 }?.eax ?? 36
        physicalBits = Int(widths & 0xFF)
    }

    /// The APIC id of a vCPU, which is also its number in KVM.
    func id(of index: Int) -> UInt32 { topology.apicID(of: index) }

    /// What CPUID answers on a vCPU.
    func entries(for index: Int) -> [KVM.CPUIDEntry] { policy.entries(forCPU: index).map { KVM.CPUIDEntry($0) } }

    /// The host's name for its CPU (CPUID leaves 0x80000002 to 0x80000004).
    var brand: String {
        let entries = policy.entries(forCPU: 0)
        var bytes: [UInt8] = []
        for leaf in UInt32(0x8000_0002)...0x8000_0004 {
            guard let e = entries.first(where: { $0.function == leaf }) else { continue }
            for word in [e.eax, e.ebx, e.ecx, e.edx] {
                for shift in stride(from: UInt32(0), to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: word >> shift))
                }
            }
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension Boot.CPUIDEntry {
    fileprivate init(_ e: KVM.CPUIDEntry) {
        self.init(
            function: e.function, index: e.index, flags: e.flags, eax: e.eax, ebx: e.ebx, ecx: e.ecx, edx: e.edx)
    }
}

extension KVM.CPUIDEntry {
    fileprivate init(_ e: Boot.CPUIDEntry) {
        self.init(
            function: e.function, index: e.index, flags: e.flags, eax: e.eax, ebx: e.ebx, ecx: e.ecx, edx: e.edx)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The guest's processors.
public struct CPUSpec: Hashable, Sendable {
    /// Sockets, at least 1.
    public var sockets: UInt32

    /// Cores a socket, at least 1.
    public var cores: UInt32

    /// Threads a core, at least 1.
    public var threads: UInt32

    /// The most sockets the guest may be given while it runs, if more than at the start were asked for.
    public var maxSockets: UInt32?

    /// The model: `host-model` where not given.
    public var model: String

    /// Features added to the model or taken from it.
    public var features: [CPUFeature]

    /// Each vCPU has a host CPU of its own.
    public var dedicatedCPUPlacement: Bool

    /// The process's other threads are kept off the vCPUs' host CPUs.
    public var isolateEmulatorThread: Bool

    /// The guest is shown the NUMA nodes its CPUs and memory come from.
    public var numaGuestMappingPassthrough: Bool

    /// True when `cores`, `sockets` or `threads` was written, false when resources decided.
    public var hasExplicitTopology: Bool

    /// The processors of a domain that says nothing of them: sockets from the cpu limit or else the request, rounded up
    /// (SetDefaultGuestCPUTopology, pkg/defaults/defaults.go).
    init(resources: ResourceRequirements) {
        let amount = (resources.cpuLimit ?? resources.requestedCPU)?.value ?? 1
        sockets = max(1, UInt32(clamping: amount))
        cores = 1
        threads = 1
        model = "host-model"
        features = []
        dedicatedCPUPlacement = false
        isolateEmulatorThread = false
        numaGuestMappingPassthrough = false
        hasExplicitTopology = false
    }

    init(_ reader: ObjectReader, resources: ResourceRequirements) {
        self.init(resources: resources)
        let sockets: UInt32? = reader.integer("sockets", in: 1...UInt32.max)
        let cores: UInt32? = reader.integer("cores", in: 1...UInt32.max)
        let threads: UInt32? = reader.integer("threads", in: 1...UInt32.max)
        hasExplicitTopology = sockets != nil || cores != nil || threads != nil
        if hasExplicitTopology {
            (self.sockets, self.cores, self.threads) = (sockets ?? 1, cores ?? 1, threads ?? 1)
        }
        maxSockets = reader.integer("maxSockets", in: 0...UInt32.max)
        model = reader.string("model") ?? "host-model"
        features = reader.objects("features") { CPUFeature($0) }
        dedicatedCPUPlacement = reader.bool("dedicatedCpuPlacement") ?? false
        isolateEmulatorThread = reader.bool("isolateEmulatorThread") ?? false
        numaGuestMappingPassthrough = reader.object("numa") { $0.marker("guestMappingPassthrough") } ?? false
        _ = reader.object("realtime") { $0.string("mask") }
    }

    /// Sockets times cores times threads, at most `UInt32.max`.
    public var vcpuCount: UInt32 {
        let (perSocket, overflow) = cores.multipliedReportingOverflow(by: threads)
        let (all, moreOverflow) = perSocket.multipliedReportingOverflow(by: sockets)
        return overflow || moreOverflow ? .max : all
    }
}

// SPDX-License-Identifier: Apache-2.0

extension DomainSpec {
    /// The number of vCPUs, what the host is asked for them, and where they are pinned.
    func validateProcessors(at path: FieldPath, report: Report) {
        let cpuPath = path.child("cpu")
        let requests = path.child("resources").child("requests").child("cpu")
        let limits = path.child("resources").child("limits").child("cpu")
        let count = cpu.vcpuCount
        if count > Support.mostVCPUs {
            let asked = count == .max ? "more vCPUs than can be counted" : "\(count) vCPUs"
            let field = cpu.hasExplicitTopology ? cpuPath : resources.cpuLimit == nil ? requests : limits
            report.refuse(
                field, "asks for \(asked); sockets times cores times threads must be at most \(Support.mostVCPUs)")
        }
        if let request = resources.requestedCPU, let limit = resources.cpuLimit, request > limit {
            report.refuse(requests, "'\(request)' is greater than \(limits.shown) '\(limit)'; lower it")
        }
        if let maxSockets = cpu.maxSockets, maxSockets > 0, maxSockets != cpu.sockets {
            let message =
                maxSockets < cpu.sockets
                ? "is less than the \(cpu.sockets) sockets of the machine; remove the field"
                : "vCPUs cannot be added to a running guest; remove the field or set it to the number of sockets"
            report.refuse(cpuPath.child("maxSockets"), message)
        }
        validateFeatures(at: cpuPath.child("features"), report: report)
        if cpu.dedicatedCPUPlacement {
            validateDedicatedPlacement(at: cpuPath, requests: requests, limits: limits, report: report)
        } else if cpu.isolateEmulatorThread {
            report.refuse(
                cpuPath.child("isolateEmulatorThread"),
                "should be only set in combination with dedicatedCpuPlacement; set that too or remove it")
        }
        if cpu.numaGuestMappingPassthrough {
            let field = cpuPath.child("numa").child("guestMappingPassthrough")
            if !cpu.dedicatedCPUPlacement {
                report.refuse(field, "needs \(cpuPath.child("dedicatedCpuPlacement").shown); set it to true")
            } else if memory.hugepageSize == nil {
                report.refuse(
                    field, "needs \(path.child("memory").child("hugepages").shown); set pageSize to 2Mi or 1Gi")
            }
        }
    }

    private func validateFeatures(at path: FieldPath, report: Report) {
        var first: [String: Int] = [:]
        for (index, feature) in cpu.features.enumerated() where !feature.name.isEmpty {
            let field = path[index].child("name")
            let isPlain =
                feature.name.utf8.count <= 64
                && !feature.name.unicodeScalars.contains { scalar in
                    !scalar.isASCII || scalar.value <= 0x20 || scalar.value == 0x7F
                }
            if !isPlain {
                report.refuse(field, "\(printable(feature.name)) is no name of a processor feature, such as avx2")
            } else if let other = first[feature.name] {
                report.refuse(
                    field, "\(printable(feature.name)) is given at \(path[other].shown) already; keep one of them")
            } else {
                first[feature.name] = index
            }
        }
    }

    private func validateDedicatedPlacement(
        at cpuPath: FieldPath, requests: FieldPath, limits: FieldPath, report: Report
    ) {
        for (field, amount) in [(requests, resources.requestedCPU), (limits, resources.cpuLimit)] {
            guard let amount else { continue }
            if !amount.isWhole {
                report.refuse(
                    field, "'\(amount)' must be a whole number with dedicatedCpuPlacement; use \(amount.value)")
            }
        }
        let placement = cpuPath.child("dedicatedCpuPlacement")
        let request = resources.requestedCPU?.value ?? 0
        let limit = resources.cpuLimit?.value ?? 0
        if !cpu.hasExplicitTopology, request == 0, limit == 0 {
            report.refuse(
                placement,
                "needs a number of CPUs; set \(cpuPath.child("cores").shown), \(requests.shown) or \(limits.shown)")
        }
        if request > 0, limit > 0, request != limit {
            report.refuse(limits, "must be equal to \(requests.shown) with dedicatedCpuPlacement")
        }
        let count = Int64(cpu.vcpuCount)
        if request > 0 || limit > 0, request != count, limit != count {
            report.refuse(
                request > 0 ? requests : limits,
                "must be equal to the number of vCPUs, \(count), with dedicatedCpuPlacement; remove the field")
        }
        if cpu.threads > 2 {
            report.refuse(
                cpuPath.child("threads"), "must be at most 2 with dedicatedCpuPlacement (got \(cpu.threads))")
        }
        if let requested = resources.requestedMemory, let limit = resources.memoryLimit, requested != limit {
            report.refuse(
                limits.sibling("memory"),
                "must be equal to \(requests.sibling("memory").shown) with dedicatedCpuPlacement")
        }
    }
}

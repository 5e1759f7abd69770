// SPDX-License-Identifier: Apache-2.0

import Control
import HTTP
import Linux

extension Supervision {
    /// Answers with the metrics of this moment.
    func getMetrics(_ connection: APIConnection) {
        ask(.statistics) { [weak self, weak connection] reply in
            guard let self, let connection else { return }
            var statistics = MachineStatistics(vcpus: [])
            if case .statistics(let told)? = reply { statistics = told }
            connection.respond(
                HTTPResponse(
                    .ok, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
                    body: Array(metrics(statistics).utf8)))
        }
    }

    /// The page of metrics; what the launcher did not tell is left out.
    func metrics(_ statistics: MachineStatistics) -> String {
        var page = MetricsPage(MetricLabels(instance.metadata, node: status.nodeName ?? ""))
        addProcessor(&page)
        addMemory(&page, statistics)
        let interfaces = Set(configuration.nets.map(\.name))
        let disks = Set(configuration.disks.map(\.name)).union(status.volumes.map(\.name))
        page.addDisks(statistics.devices.filter { disks.contains($0.name) })
        page.addInterfaces(statistics.devices.filter { interfaces.contains($0.name) })
        page.addLatencies(statistics.devices)
        addGuest(&page)
        addOwn(&page, statistics)
        return page.text
    }

    private func addProcessor(_ page: inout MetricsPage) {
        let times = ProcessTimes.process(launcherID)
        page.add(
            "kubevirt_vmi_cpu_usage_seconds_total", nanoseconds: times.map { $0.user &+ $0.system },
            "Total CPU time spent in all modes (sum of both vcpu and hypervisor usage).")
        page.add(
            "kubevirt_vmi_cpu_user_usage_seconds_total", nanoseconds: times?.user, "Total CPU time spent in user mode.")
        page.add(
            "kubevirt_vmi_cpu_system_usage_seconds_total", nanoseconds: times?.system,
            "Total CPU time spent in system mode.")
        let threads = report?.vcpuThreads ?? []
        let launcher = launcherID
        let isPaused = isPaused
        page.add(
            "kubevirt_vmi_vcpu_seconds_total", .counter,
            "Total amount of time spent in each state by each vcpu (cpu_time excluding hypervisor time). Where `id` is "
                + "the vcpu identifier and `state` can be one of the following: [`OFFLINE`, `RUNNING`, `BLOCKED`]."
        ) { family, labels in
            for (index, thread) in threads.enumerated() {
                guard let times = ProcessTimes.thread(thread, of: launcher) else { continue }
                let state = times.isRunning && !isPaused ? "running" : "blocked"
                family.add(nanoseconds: times.ran, labels.with("id", "\(index)").with("state", state))
            }
        }
        page.add(
            "kubevirt_vmi_vcpu_wait_seconds_total", .counter, "Amount of time spent by each vcpu while waiting on I/O."
        ) { family, labels in
            for (index, thread) in threads.enumerated() {
                guard let waited = ProcessTimes.waited(thread, of: launcher) else { continue }
                family.add(nanoseconds: waited, labels.with("id", "\(index)"))
            }
        }
        page.add(
            "kubevirt_vmi_vcpu_delay_seconds_total", .counter,
            "Amount of time spent by each vcpu waiting in the queue instead of running."
        ) { family, labels in
            for (index, thread) in threads.enumerated() {
                guard let times = ProcessTimes.thread(thread, of: launcher) else { continue }
                family.add(nanoseconds: times.delayed, labels.with("id", "\(index)"))
            }
        }
        let vcpus = configuration.cpu.topology.count
        let allowed = configuration.cpu.pinning != nil ? 1 : (try? CPUSet.allowed().cpus.count) ?? 1
        page.add(
            "kubevirt_vmi_node_cpu_affinity", .gauge, UInt64(vcpus) &* UInt64(allowed),
            "Number of VMI CPU affinities to node physical cores.")
    }

    private func addMemory(_ page: inout MetricsPage, _ statistics: MachineStatistics) {
        page.add(
            "kubevirt_vmi_memory_resident_bytes", .gauge, ProcessTimes.resident(launcherID),
            "Resident set size of the process running the domain.")
        page.add(
            "kubevirt_vmi_memory_domain_bytes", .gauge, configuration.memory.bytes,
            "The amount of memory in bytes allocated to the domain. The `memory` value in domain xml file.")
        let balloon = statistics.devices.first { $0.name == "balloon" }
        page.add(
            "kubevirt_vmi_memory_actual_balloon_bytes", .gauge,
            configuration.memory.bytes - min(balloon?["actualBytes"] ?? 0, configuration.memory.bytes),
            "Current balloon size in bytes.")
        let told: [(String, MetricFamily.Kind, String, String)] = [
            ("available_bytes", .gauge, "guestTotalBytes", "Amount of usable memory as seen by the domain."),
            ("unused_bytes", .gauge, "guestFreeBytes", "The amount of memory left completely unused by the system."),
            ("usable_bytes", .gauge, "guestAvailableBytes", "The amount of memory which can be reclaimed by balloon."),
            ("cached_bytes", .gauge, "guestCacheBytes", "The amount of memory that is being used to cache I/O."),
            (
                "swap_in_traffic_bytes", .gauge, "guestSwapInBytes",
                "The total amount of data read from swap space of the guest in bytes."
            ),
            (
                "swap_out_traffic_bytes", .gauge, "guestSwapOutBytes",
                "The total amount of memory written out to swap space of the guest in bytes."
            ),
            ("pgmajfault_total", .counter, "guestMajorFaults", "The number of page faults when disk IO was required."),
            ("pgminfault_total", .counter, "guestMinorFaults", "The number of other page faults."),
        ]
        for (name, kind, counter, help) in told {
            page.add("kubevirt_vmi_memory_\(name)", kind, balloon?[counter], help)
        }
    }

    private func addOwn(_ page: inout MetricsPage, _ statistics: MachineStatistics) {
        let metadata = instance.metadata
        let panics = panics
        page.add(
            "kubevirt_vmi_guest_os_panic_total", .counter,
            "Total number of guest OS panic events detected, partitioned by VMI and panic type."
        ) { family, _ in
            family.add(
                panics,
                MetricLabels([
                    "namespace": metadata.namespace, "name": metadata.name, "type": "pvpanic",
                    "bugcheck_code": "unknown",
                ]))
        }
        page.add(
            "apus_vmi_vcpu_exits_total", .counter, "How often each vcpu left the guest for the launcher, by reason."
        ) { family, labels in
            for vcpu in statistics.vcpus {
                for exit in vcpu.exits {
                    family.add(exit.value, labels.with("id", "\(vcpu.index)").with("reason", exit.name))
                }
            }
        }
        page.add("apus_vmi_kvm_statistic", .gauge, "What KVM counts for the machine, by its own names.") {
            family, labels in
            for counter in statistics.kvm { family.add(counter.value, labels.with("statistic", counter.name)) }
        }
        page.add("apus_vmi_resets_total", .counter, resets, "How often the guest was reset.")
        let launcher = launcherMemory
        let supervisor = MemoryUse(process: CurrentProcess.id, guestBytes: nil)
        page.add(
            "apus_vmi_memory_overhead_bytes", .gauge,
            "Memory beside the guest's own: what a process alone has written to (private), and its share of everything "
                + "it has mapped (proportional)."
        ) { family, labels in
            for (process, use) in [("launcher", launcher), ("supervisor", supervisor)] {
                guard let use else { continue }
                let own = labels.with("process", process)
                family.add(use.privateDirty, own.with("kind", "private"))
                family.add(use.proportional, own.with("kind", "proportional"))
            }
        }
        page.add(
            "apus_vmi_start_seconds", .gauge, "From the launcher's start to its vcpus' first entry into the guest."
        ) { [report] family, labels in
            if let mark = report?.marks.last(where: { $0.name == "running" }) {
                family.add(nanoseconds: mark.nanoseconds, labels)
            }
        }
    }
}

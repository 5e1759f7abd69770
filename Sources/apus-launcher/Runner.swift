// SPDX-License-Identifier: Apache-2.0

import Control
import KVM
import Linux
import Machine
import Sandbox

/// A machine with its cage closed around it.
struct Runner {
    let machine: Machine
    let onReboot: RebootAction
    let onPanic: PanicAction
    let onWatchdog: WatchdogAction
    private(set) var marks: [TimingMark]
    private let began: UInt64

    /// Builds the machine; when this returns nothing can be opened any more and no privilege is left.
    /// - Parameter began: when the process started its work, on the monotonic clock.
    /// - Throws: `MachineError` or `SandboxError`.
    init(
        _ configuration: MachineConfiguration, descriptors: consuming DescriptorBundle, began: UInt64
    ) throws {
        var marks: [TimingMark] = []
        func mark(_ name: String) {
            marks.append(TimingMark(name: name, nanoseconds: Clock.monotonic - began))
        }
        onReboot = configuration.onReboot
        onPanic = configuration.onPanic
        onWatchdog = configuration.watchdog ?? .none
        try Runner.checkPlacement(configuration.cpu)
        let system: System
        do throws(Errno) { system = try System.open() } catch { throw MachineError.kvm(error) }
        // Without the handler the first kick would end the process.
        do throws(Errno) { try OSThread.prepareKicks() } catch { throw MachineError.step("Preparing signals", error) }
        let cage = Cage(isClosed: configuration.sandbox)
        if configuration.sandbox {
            try ViolationReport.arm()
            // Threads inherit this: it comes before the first of them.
            try Privileges.drop()
        } else {
            CurrentProcess.complain(
                "warning: the sandbox is off; a guest that breaks out has all of this user's rights")
        }
        if let cpus = configuration.cpu.emulatorCPUs { try CPUSet(cpus.map { Int($0) }).apply() }
        mark("ready")
        machine = try Machine(configuration, descriptors: descriptors, system: system, cage: cage)
        mark("built")
        try cage.door(.main)()
        mark("confined")
        self.began = began
        self.marks = marks
    }

    /// Threads are placed while they start, which is too late to refuse: a CPU that is not theirs is found here.
    private static func checkPlacement(_ cpu: CPUConfiguration) throws {
        guard cpu.pinning != nil || cpu.emulatorCPUs != nil else { return }
        let allowed = try CPUSet.allowed()
        for (field, wanted) in [("cpu.pinning", cpu.pinning), ("cpu.emulatorCPUs", cpu.emulatorCPUs)] {
            if let stranger = wanted?.first(where: { !allowed.cpus.contains(Int($0)) }) {
                throw MachineError.configuration(
                    field: field, "CPU \(stranger) is not among those this process may use (\(allowed))")
            }
        }
    }

    /// Loads the kernel and lets the guest run.
    /// - Throws: `MachineError`.
    mutating func start() throws(MachineError) {
        try machine.start()
        marks.append(TimingMark(name: "running", nanoseconds: Clock.monotonic - began))
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import KVM
internal import Linux

/// What vCPUs and interrupt controllers were like when they were made: a reset puts it back.
struct PowerOnState {
    private let vcpus: [VCPUState]
    private let controllers: InterruptControllerState

    /// - Throws: `Errno` that names the call.
    init(of threads: [VCPUThread], shared: SharedVM, system: borrowing System) throws(Errno) {
        // The time-stamp counters run on through a reset: setting them one by one would pull them apart.
        let msrs = try system.msrIndices().filter { $0 != PowerOnState.timeStampCounter }
        let xsaveBytes = shared.vm.check(.xsave2)
        let nestedBytes = shared.vm.check(.nestedState)
        var states: [VCPUState] = []
        for thread in threads {
            states.append(try thread.vcpu.save(msrs: msrs, xsaveBytes: xsaveBytes, nestedBytes: nestedBytes))
        }
        vcpus = states
        controllers = try shared.vm.saveInterruptControllers()
    }

    /// Puts the state back into vCPUs that are parked. MSRs that the host lists but refuses keep their values, as they
    /// do on a CPU that is reset.
    /// - Throws: `Errno` that names the call.
    func restore(_ threads: [VCPUThread], shared: SharedVM) throws(Errno) {
        try shared.vm.loadInterruptControllers(controllers)
        for (thread, state) in zip(threads, vcpus) { try thread.vcpu.load(state) }
    }

    private static let timeStampCounter: UInt32 = 0x10
}

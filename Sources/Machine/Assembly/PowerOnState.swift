// SPDX-License-Identifier: Apache-2.0

internal import KVM
internal import Linux

/// What vCPUs and interrupt controllers were like when they were made: a reset puts it back.
struct PowerOnState {
    private let vcpus: [VCPUState]
    private let controllers: InterruptControllerState
    private let format: VCPUStateFormat

    /// - Throws: `Errno` that names the call.
    init(of threads: [VCPUThread], shared: SharedVM, format: VCPUStateFormat) throws(Errno) {
        var states: [VCPUState] = []
        for thread in threads { states.append(try thread.vcpu.save(format)) }
        vcpus = states
        controllers = try shared.vm.saveInterruptControllers()
        self.format = format
    }

    /// Puts the state back into vCPUs that are parked. MSRs that the host lists but refuses keep their values, as they
    /// do on a CPU that is reset.
    /// - Throws: `Errno` that names the call.
    func restore(_ threads: [VCPUThread], shared: SharedVM) throws(Errno) {
        try shared.vm.loadInterruptControllers(controllers)
        for (thread, state) in zip(threads, vcpus) {
            try thread.vcpu.load(state, format)
            // The counters run on through a reset. A triple fault on AMD clears the VMCB with the offset in it; to KVM,
            // zero from the host means the common offset of all vCPUs, so writing it heals that one and moves no other.
            _ = try thread.vcpu.writeMSRs([VCPUState.MSR(index: PowerOnState.timeStampCounter, value: 0)])
        }
    }

    private static let timeStampCounter: UInt32 = 0x10
}

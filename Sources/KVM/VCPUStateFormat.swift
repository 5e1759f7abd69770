// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

/// What this host's kernel calls a vCPU's state, asked once: later /dev/kvm is out of reach.
public struct VCPUStateFormat: Sendable {
    /// The MSRs the kernel lists (KVM_GET_MSR_INDEX_LIST), but for the time-stamp counter, which `TimeStampState` carries.
    public let msrs: [UInt32]
    /// Bytes that KVM_SET_XSAVE reads and KVM_GET_XSAVE or XSAVE2 writes.
    public let xsaveBytes: Int
    /// Most bytes of KVM_GET_NESTED_STATE; 0 without it.
    public let nestedBytes: Int
    /// KVM_GET_SREGS2, which carries the PDPTRs of a guest in PAE mode.
    public let hasSystemRegisters2: Bool
    /// The guest's TSC can run at another frequency than the host's.
    public let scalesTimeStamp: Bool

    /// The longest XSAVE area a stream may carry: all of what Intel has defined is below 12 KiB.
    static let mostXSAVEBytes = 64 << 10
    /// Most MSRs a stream may carry; kernels list fewer than 256.
    static let mostMSRs = 1024

    /// The frequency in kHz of a fresh vCPU's TSC, which is the host's; 0 when the kernel does not tell.
    public let hostKilohertz: UInt32

    /// What vCPUs of `vm` have.
    /// - Parameter vcpu: one of them, whose frequency nobody has set.
    /// - Throws: `Errno` of KVM_GET_MSR_INDEX_LIST.
    public init(system: borrowing System, vm: borrowing VM, vcpu: borrowing VCPU) throws(Errno) {
        msrs = try system.msrIndices().filter { $0 != TimeStampState.msr }
        xsaveBytes = max(vm.check(.xsave2), MemoryLayout<kvm_xsave>.size)
        nestedBytes = vm.check(.nestedState)
        hasSystemRegisters2 = vm.check(.systemRegisters2) > 0
        hostKilohertz = vcpu.timeStampKilohertz
        scalesTimeStamp = vm.check(.tscControl) > 0
    }
}

extension VCPUState {
    /// Why a vCPU of this host cannot take the state up, or nil when only the kernel can tell; in a few words.
    public func obstacle(on format: VCPUStateFormat) -> String? {
        if xsave.count > format.xsaveBytes, xsave[format.xsaveBytes...].contains(where: { $0 != 0 }) {
            return "its extended registers need \(xsave.count) bytes, and this host has \(format.xsaveBytes)"
        }
        if !nested.isEmpty, format.nestedBytes == 0, NestedHeader(nested)?.isIdle != true {
            return "it runs guests of its own, and this host has no nested virtualisation"
        }
        return timeStamp.obstacle(on: format)
    }
}

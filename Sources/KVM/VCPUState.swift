// SPDX-License-Identifier: Apache-2.0

/// Everything the kernel holds about a stopped vCPU, as the kernel's own structs in bytes; the order of loading is
/// `VCPU.load`'s.
public struct VCPUState: Equatable, Sendable {
    /// A model-specific register and its value.
    public struct MSR: Equatable, Sendable {
        /// The register's number.
        public var index: UInt32
        /// Its value.
        public var value: UInt64

        /// A register with this number and value.
        public init(index: UInt32, value: UInt64) {
            self.index = index
            self.value = value
        }
    }

    /// struct kvm_regs.
    public var registers: [UInt8]
    /// struct kvm_sregs2, or struct kvm_sregs from a kernel without it; their lengths differ.
    public var systemRegisters: [UInt8]
    /// struct kvm_xsave, as long as the host made it.
    public var xsave: [UInt8]
    /// struct kvm_xcrs.
    public var xcrs: [UInt8]
    /// struct kvm_nested_state: what the guest's own hypervisor has set up; empty on kernels without it.
    public var nested: [UInt8]
    /// struct kvm_debugregs.
    public var debugRegisters: [UInt8]
    /// struct kvm_lapic_state.
    public var localAPIC: [UInt8]
    /// struct kvm_mp_state.
    public var runState: [UInt8]
    /// struct kvm_vcpu_events.
    public var events: [UInt8]
    /// Every MSR the kernel lists and can read, but for the time-stamp counter.
    public var msrs: [MSR]
    /// The time-stamp counter.
    public var timeStamp: TimeStampState
}

// SPDX-License-Identifier: Apache-2.0

internal import CKVM

/// What a kernel's KVM may or may not offer (KVM api.rst 4.4 KVM_CHECK_EXTENSION).
public enum Capability: CaseIterable, Sendable {
    case irqchip, pit2, userMemory, setTSSAddress, setIdentityMapAddress
    case ioeventfd, irqfd, irqRouting, signalMSI, irqfdResample
    case immediateExit, readOnlyMemory, multipleAddressSpaces, internalErrorData
    case mpState, vcpuEvents, debugRegisters, xsave, xsave2, xcrs
    case tscDeadlineTimer, tscControl, x2apicAPI, adjustClock, kvmclockControl
    case dirtyLogProtect2, dirtyLogRing, asyncPageFaultInterrupt, binaryStatistics
    case maximumVCPUs, maximumVCPUID, memorySlots, splitIRQChip, nestedState, systemRegisters2

    /// The kernel's name, without KVM_CAP_.
    public var name: String { entry.name }

    /// Whether Apus cannot run a VM without it.
    public var isRequired: Bool {
        switch self {
        case .irqchip, .pit2, .userMemory, .setTSSAddress, .ioeventfd, .irqfd, .irqRouting, .immediateExit, .mpState,
            .vcpuEvents, .xsave, .xcrs, .debugRegisters:
            true
        default: false
        }
    }

    var number: UInt { entry.number }

    private var entry: (name: String, number: UInt) {
        switch self {
        case .irqchip: ("IRQCHIP", UInt(KVM_CAP_IRQCHIP))
        case .pit2: ("PIT2", UInt(KVM_CAP_PIT2))
        case .userMemory: ("USER_MEMORY", UInt(KVM_CAP_USER_MEMORY))
        case .setTSSAddress: ("SET_TSS_ADDR", UInt(KVM_CAP_SET_TSS_ADDR))
        case .setIdentityMapAddress: ("SET_IDENTITY_MAP_ADDR", UInt(KVM_CAP_SET_IDENTITY_MAP_ADDR))
        case .ioeventfd: ("IOEVENTFD", UInt(KVM_CAP_IOEVENTFD))
        case .irqfd: ("IRQFD", UInt(KVM_CAP_IRQFD))
        case .irqRouting: ("IRQ_ROUTING", UInt(KVM_CAP_IRQ_ROUTING))
        case .signalMSI: ("SIGNAL_MSI", UInt(KVM_CAP_SIGNAL_MSI))
        case .irqfdResample: ("IRQFD_RESAMPLE", UInt(KVM_CAP_IRQFD_RESAMPLE))
        case .immediateExit: ("IMMEDIATE_EXIT", UInt(KVM_CAP_IMMEDIATE_EXIT))
        case .readOnlyMemory: ("READONLY_MEM", UInt(KVM_CAP_READONLY_MEM))
        case .multipleAddressSpaces: ("MULTI_ADDRESS_SPACE", UInt(KVM_CAP_MULTI_ADDRESS_SPACE))
        case .internalErrorData: ("INTERNAL_ERROR_DATA", UInt(KVM_CAP_INTERNAL_ERROR_DATA))
        case .mpState: ("MP_STATE", UInt(KVM_CAP_MP_STATE))
        case .vcpuEvents: ("VCPU_EVENTS", UInt(KVM_CAP_VCPU_EVENTS))
        case .debugRegisters: ("DEBUGREGS", UInt(KVM_CAP_DEBUGREGS))
        case .xsave: ("XSAVE", UInt(KVM_CAP_XSAVE))
        case .xsave2: ("XSAVE2", UInt(KVM_CAP_XSAVE2))
        case .xcrs: ("XCRS", UInt(KVM_CAP_XCRS))
        case .tscDeadlineTimer: ("TSC_DEADLINE_TIMER", UInt(KVM_CAP_TSC_DEADLINE_TIMER))
        case .tscControl: ("TSC_CONTROL", UInt(KVM_CAP_TSC_CONTROL))
        case .x2apicAPI: ("X2APIC_API", UInt(KVM_CAP_X2APIC_API))
        case .adjustClock: ("ADJUST_CLOCK", UInt(KVM_CAP_ADJUST_CLOCK))
        case .kvmclockControl: ("KVMCLOCK_CTRL", UInt(KVM_CAP_KVMCLOCK_CTRL))
        case .dirtyLogProtect2: ("MANUAL_DIRTY_LOG_PROTECT2", UInt(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2))
        case .dirtyLogRing: ("DIRTY_LOG_RING", UInt(KVM_CAP_DIRTY_LOG_RING))
        case .asyncPageFaultInterrupt: ("ASYNC_PF_INT", UInt(KVM_CAP_ASYNC_PF_INT))
        case .binaryStatistics: ("BINARY_STATS_FD", UInt(KVM_CAP_BINARY_STATS_FD))
        case .maximumVCPUs: ("MAX_VCPUS", UInt(KVM_CAP_MAX_VCPUS))
        case .maximumVCPUID: ("MAX_VCPU_ID", UInt(KVM_CAP_MAX_VCPU_ID))
        case .memorySlots: ("NR_MEMSLOTS", UInt(KVM_CAP_NR_MEMSLOTS))
        case .nestedState: ("NESTED_STATE", UInt(KVM_CAP_NESTED_STATE))
        case .systemRegisters2: ("SREGS2", UInt(KVM_CAP_SREGS2))
        case .splitIRQChip: ("SPLIT_IRQCHIP", UInt(KVM_CAP_SPLIT_IRQCHIP))
        }
    }
}

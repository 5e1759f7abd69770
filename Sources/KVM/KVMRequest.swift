// SPDX-License-Identifier: Apache-2.0

internal import CKVM

/// The ioctl numbers a running machine uses, for the filters of its threads.
public enum KVMRequest {
    /// On vCPU threads: the guest itself, and what it programs.
    public static let onVCPUThreads: [UInt] = [
        CKVM_RUN, CKVM_GET_REGS, CKVM_IRQ_LINE, CKVM_IRQFD, CKVM_IOEVENTFD, CKVM_SET_GSI_ROUTING,
    ]

    /// On the main thread: pause, reset, state and statistics.
    public static let onMainThread: [UInt] = [
        CKVM_IRQ_LINE, CKVM_IRQFD, CKVM_IOEVENTFD, CKVM_SET_GSI_ROUTING, CKVM_KVMCLOCK_CTRL, CKVM_GET_STATS_FD,
        CKVM_GET_REGS, CKVM_SET_REGS, CKVM_GET_SREGS, CKVM_SET_SREGS, CKVM_GET_MSRS, CKVM_SET_MSRS,
        CKVM_GET_XSAVE, CKVM_GET_XSAVE2, CKVM_SET_XSAVE, CKVM_GET_XCRS, CKVM_SET_XCRS, CKVM_GET_DEBUGREGS,
        CKVM_SET_DEBUGREGS, CKVM_GET_LAPIC, CKVM_SET_LAPIC, CKVM_GET_MP_STATE, CKVM_SET_MP_STATE,
        CKVM_GET_VCPU_EVENTS, CKVM_SET_VCPU_EVENTS, CKVM_GET_IRQCHIP, CKVM_SET_IRQCHIP, CKVM_GET_PIT2,
        CKVM_GET_NESTED_STATE,
        CKVM_SET_NESTED_STATE,
        CKVM_SET_PIT2, CKVM_NMI,
    ]
}

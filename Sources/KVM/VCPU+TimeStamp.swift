// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension TimeStampState {
    func obstacle(on format: VCPUStateFormat) -> String? {
        guard !isNear(format.hostKilohertz), !format.scalesTimeStamp else { return nil }
        return "its TSC runs at \(kilohertz) kHz, and this host's at \(format.hostKilohertz) kHz cannot be scaled"
    }
}

extension VCPU {
    /// The time-stamp counter with its offset and frequency.
    /// - Throws: `Errno` of KVM_GET_MSRS.
    borrowing func timeStamp() throws(Errno) -> TimeStampState {
        TimeStampState(
            counter: try readMSRs([TimeStampState.msr]).first?.value ?? 0, offset: timeStampOffset,
            kilohertz: timeStampKilohertz)
    }

    /// Lets the counter go on from a saved one, moved as far as the VM's clock (KVM devices/vcpu.rst 4.1). Comes before
    /// `load`, whose TSC-deadline MSR the kernel compares with this counter, and for every vCPU of the VM.
    ///
    /// By the offset, so that all vCPUs keep exactly the offsets they had to each other. Where the kernel does not know of
    /// it, or the frequency is scaled, the counter itself is written: the kernel gives counters that are written within a
    /// second of each other, with values that fit, one common offset.
    /// - Throws: `Errno` of the call.
    public borrowing func setTimeStamp(_ saved: TimeStampState, _ step: ClockStep) throws(Errno) {
        let here = timeStampKilohertz
        var isScaled = false
        if saved.kilohertz != 0, saved.kilohertz != here, !saved.isNear(here) {
            try ioctl(descriptor.raw, CKVM_SET_TSC_KHZ, UInt(saved.kilohertz), "KVM_SET_TSC_KHZ")
            isScaled = true
        }
        if !isScaled, let offset = saved.offset, timeStampOffset != nil {
            let moved = offset &+ saved.ticks(step.elapsed) &+ step.hostCounterBefore &- step.hostCounterNow
            return try setTimeStampOffset(moved)
        }
        let counter = saved.counter &+ saved.ticks(step.elapsed)
        let refused = try writeMSRs([VCPUState.MSR(index: TimeStampState.msr, value: counter)])
        guard refused.isEmpty else { throw Errno(code: 22, call: "KVM_SET_MSRS") }
    }

    /// The guest's frequency in kHz; 0 when the kernel does not tell.
    var timeStampKilohertz: UInt32 {
        UInt32(clamping: (try? ioctl(descriptor.raw, CKVM_GET_TSC_KHZ, 0, "KVM_GET_TSC_KHZ")) ?? 0)
    }

    /// The offset; nil on kernels before 5.16.
    private var timeStampOffset: UInt64? {
        var value: UInt64 = 0
        do throws(Errno) { try attribute(CKVM_GET_DEVICE_ATTR, &value, "KVM_GET_DEVICE_ATTR") } catch { return nil }
        return value
    }

    private borrowing func setTimeStampOffset(_ offset: UInt64) throws(Errno) {
        var value = offset
        try attribute(CKVM_SET_DEVICE_ATTR, &value, "KVM_SET_DEVICE_ATTR")
    }

    private borrowing func attribute(
        _ request: UInt, _ value: inout UInt64, _ call: StaticString
    ) throws(Errno) {
        var attribute = kvm_device_attr()
        attribute.group = UInt32(KVM_VCPU_TSC_CTRL)
        attribute.attr = UInt64(KVM_VCPU_TSC_OFFSET)
        let raw = descriptor.raw
        let result = unsafe withUnsafeMutablePointer(to: &value) { p in
            // SAFETY: the attribute is eight bytes, which the kernel reads or writes before the call returns.
            attribute.addr = UInt64(UInt(bitPattern: p))
            return unsafe withUnsafeMutablePointer(to: &attribute) { unsafe ckvm_ioctl_pointer(raw, request, $0) }
        }
        try Errno.check(result, call)
    }
}

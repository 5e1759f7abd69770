// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension VM {
    /// The clock now, with the host's clocks of the same moment; kernels before 5.16 do not tell those, and they are then
    /// read right behind it.
    /// - Throws: `Errno` of KVM_GET_CLOCK.
    public borrowing func clock() throws(Errno) -> ClockState { try readClock().state }

    /// Lets the clock go on from a saved one: it has run since then as long as real time has, and never backwards
    /// (KVM_CLOCK_REALTIME), whether or not the kernel knows how to do that itself.
    /// - Throws: `Errno` of KVM_SET_CLOCK.
    public borrowing func setClock(_ saved: ClockState) throws(Errno) -> ClockStep {
        var data = kvm_clock_data()
        data.clock = saved.nanoseconds
        if try readClock().hasRealtime {
            data.realtime = saved.realtime
            data.flags = UInt32(KVM_CLOCK_REALTIME)
        } else {
            let now = Clock.realtime
            data.clock &+= now > saved.realtime ? now - saved.realtime : 0
        }
        try ioctl(descriptor.raw, CKVM_SET_CLOCK, &data, "KVM_SET_CLOCK")
        let now = try clock()
        return ClockStep(
            elapsed: now.nanoseconds > saved.nanoseconds ? now.nanoseconds - saved.nanoseconds : 0,
            hostCounterBefore: saved.hostCounter, hostCounterNow: now.hostCounter)
    }

    private borrowing func readClock() throws(Errno) -> (state: ClockState, hasRealtime: Bool) {
        var data = kvm_clock_data()
        try ioctl(descriptor.raw, CKVM_GET_CLOCK, &data, "KVM_GET_CLOCK")
        let hasRealtime = data.flags & UInt32(KVM_CLOCK_REALTIME) != 0
        let hasCounter = data.flags & UInt32(KVM_CLOCK_HOST_TSC) != 0
        let state = ClockState(
            nanoseconds: data.clock, realtime: hasRealtime ? data.realtime : Clock.realtime,
            hostCounter: hasCounter ? data.host_tsc : ckvm_host_tsc())
        return (state, hasRealtime)
    }
}

// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import KVM
import Linux
import Record
import Testing

@Suite("vCPU and VM state", .serialized, .enabled(if: TinyGuest.isAvailable, "this machine has no usable /dev/kvm"))
struct StateTests {
    @Test("a saved state loads again and reads back the same")
    func roundTrip() throws {
        let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0x10, 0xF4], interruptControllers: true)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        let fresh = try guest.vcpu.save(format)
        guard case .port = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(try guest.vcpu.generalRegisters().rax & 0xFF == 0x41)
        let refused = try guest.vcpu.load(fresh, format)
        #expect(try guest.vcpu.missed(refused, of: fresh) == nil)
        let again = try guest.vcpu.save(format)
        #expect(again.registers == fresh.registers)
        #expect(again.systemRegisters == fresh.systemRegisters)
        #expect(again.xsave == fresh.xsave)
        #expect(again.localAPIC == fresh.localAPIC)
        #expect(again.events == fresh.events)
        #expect(!again.msrs.isEmpty)
    }

    @Test("the interrupt controllers' state loads again and reads back the same")
    func interruptControllers() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let fresh = try guest.vm.saveInterruptControllers()
        try guest.vm.setLine(gsi: 5, true)
        try guest.vm.loadInterruptControllers(fresh)
        #expect(try guest.vm.saveInterruptControllers().chips == fresh.chips)
    }

    @Test("a vCPU's and the interrupt controllers' states are records that read back the same")
    func records() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        let state = try guest.vcpu.save(format)
        #expect(try Record.decode(VCPUState.self, Record.encode(state)) == state)
        #expect(state.obstacle(on: format) == nil)
        let chips = try guest.vm.saveInterruptControllers()
        #expect(try Record.decode(InterruptControllerState.self, Record.encode(chips)) == chips)
    }

    @Test(
        "a vCPU's record with a struct of another size is refused by the field's name",
        arguments: [
            (\VCPUState.registers, "registers"), (\.systemRegisters, "systemRegisters"), (\.xsave, "xsave"),
            (\.xcrs, "xcrs"), (\.nested, "nested"), (\.debugRegisters, "debugRegisters"),
            (\.localAPIC, "localAPIC"), (\.runState, "runState"), (\.events, "events"),
        ] as [(WritableKeyPath<VCPUState, [UInt8]> & Sendable, String)])
    func sizes(field: WritableKeyPath<VCPUState, [UInt8]> & Sendable, name: String) throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        var state = try guest.vcpu.save(format)
        state[keyPath: field] = [1, 2, 3]
        do {
            _ = try Record.decode(VCPUState.self, Record.encode(state))
            Issue.record("it was accepted")
        } catch { #expect(error.description.hasPrefix("vcpu.\(name): must be ")) }
    }

    @Test("a nested state that claims to be longer than it is never reaches the kernel")
    func nested() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        var state = try guest.vcpu.save(format)
        state.nested = [UInt8](repeating: 0, count: 128)
        (state.nested[4], state.nested[5]) = (0, 0x10)
        #expect(throws: RecordError.self) { try Record.decode(VCPUState.self, Record.encode(state)) }
    }

    @Test("a clock goes on from a saved one by the real time that has passed, and never backwards")
    func clock() throws {
        let first = try TinyGuest([0xF4], interruptControllers: true)
        let second = try TinyGuest([0xF4], interruptControllers: true)
        var saved = try first.vm.clock()
        #expect(try Record.decode(ClockState.self, Record.encode(saved)) == saved)
        saved.nanoseconds += 5_000_000_000
        saved.realtime -= 3_000_000_000
        let step = try second.vm.setClock(saved)
        let now = try second.vm.clock()
        #expect(step.elapsed >= 3_000_000_000)
        #expect(now.nanoseconds >= saved.nanoseconds + 3_000_000_000)
        #expect(now.nanoseconds - saved.nanoseconds >= step.elapsed)
        // A host whose clock is behind the other's.
        saved.realtime += 1_000_000_000_000
        _ = try second.vm.setClock(saved)
        #expect(try second.vm.clock().nanoseconds >= saved.nanoseconds)
    }

    @Test("time-stamp counters go on together, by as much as the clock did")
    func timeStamp() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let other = try guest.vm.createVCPU(id: 1)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        let clock = try guest.vm.clock()
        let saved = try guest.vcpu.save(format).timeStamp
        let step = try guest.vm.setClock(clock)
        try guest.vcpu.setTimeStamp(saved, step)
        try other.setTimeStamp(saved, step)
        let (a, b) = (try guest.vcpu.save(format).timeStamp, try other.save(format).timeStamp)
        #expect(a.offset == b.offset)
        #expect(a.counter >= saved.counter)
        #expect(saved.kilohertz == format.hostKilohertz)
    }

    @Test("a state of the wrong size is refused")
    func wrongSize() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        let format = try VCPUStateFormat(system: guest.system, vm: guest.vm, vcpu: guest.vcpu)
        var state = try guest.vcpu.save(format)
        state.localAPIC = [1, 2, 3]
        #expect(throws: Errno.self) { try guest.vcpu.load(state, format) }
        var chips = try guest.vm.saveInterruptControllers()
        chips.timer = []
        #expect(throws: Errno.self) { try guest.vm.loadInterruptControllers(chips) }
    }

    @Test("an interrupt that was signalled before its route existed is delivered on attachment")
    func pendingInterrupt() throws {
        let guest = try TinyGuest([0xF4], interruptControllers: true)
        try guest.vm.setRoutes(InterruptRoute.standard + [.message(gsi: 24, address: 0xFEE0_0000, data: 0x4041)])
        let event = try EventFD()
        event.signal()
        try guest.vm.attachInterrupt(gsi: 24, event: event.raw)
        #expect(event.drain() == 0)
        try guest.vm.detachInterrupt(gsi: 24, event: event.raw)
        event.signal()
        #expect(event.drain() == 1)
    }

    @Test("KVM's own statistics have names and values")
    func statistics() throws {
        let guest = try TinyGuest([0xE6, 0x10])
        _ = try guest.vcpu.run()
        guard guest.vm.check(.binaryStatistics) > 0 else { return }
        let values = try guest.vm.statistics().read()
        #expect(values.contains { $0.name == "pages_4k" })
    }
}

// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import KVM
import Linux
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

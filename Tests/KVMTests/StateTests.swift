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
        let msrs = try guest.system.msrIndices().filter { $0 != 0x10 }  // the time-stamp counter runs on
        let fresh = try guest.vcpu.save(msrs: msrs, xsaveBytes: guest.vm.check(.xsave2))
        guard case .port = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(try guest.vcpu.generalRegisters().rax & 0xFF == 0x41)
        try guest.vcpu.load(fresh)
        let again = try guest.vcpu.save(msrs: msrs, xsaveBytes: guest.vm.check(.xsave2))
        #expect(again.registers == fresh.registers)
        #expect(again.systemRegisters == fresh.systemRegisters)
        #expect(again.xsave == fresh.xsave)
        #expect(again.localAPIC == fresh.localAPIC)
        #expect(again.events == fresh.events)
        #expect(!again.msrs.isEmpty)
    }

    @Test("a start-up IPI from the life before does not start a vCPU whose power-on state was loaded")
    func pendingStartUp() throws {
        // mov [0x310],ecx; mov [0x300],edx; mov [0x300],esi; out 0x10,al with DS at the local APIC
        let guest = try TinyGuest(
            [
                0x66, 0x89, 0x0E, 0x10, 0x03, 0x66, 0x89, 0x16, 0x00, 0x03, 0x66, 0x89, 0x36, 0x00, 0x03, 0xE6, 0x10,
            ], interruptControllers: true)
        let other = try guest.vm.createVCPU(id: 1)
        try other.setCPUID(try guest.system.supportedCPUID())
        let fresh = try other.save(msrs: [], xsaveBytes: guest.vm.check(.xsave2))
        var segments = try guest.vcpu.systemRegisters()
        segments.ds.base = 0xFEE0_0000
        try guest.vcpu.setSystemRegisters(segments)
        var registers = try guest.vcpu.generalRegisters()
        (registers.rcx, registers.rdx, registers.rsi) = (1 << 24, 0x4500, 0x4602)
        try guest.vcpu.setGeneralRegisters(registers)
        guard case .port = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        try other.load(fresh)
        #expect(try other.save(msrs: [], xsaveBytes: guest.vm.check(.xsave2)).runState == fresh.runState)
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
        var state = try guest.vcpu.save(msrs: [], xsaveBytes: 0)
        state.localAPIC = [1, 2, 3]
        #expect(throws: Errno.self) { try guest.vcpu.load(state) }
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

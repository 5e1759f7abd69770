// SPDX-License-Identifier: Apache-2.0

import KVM
import Linux
import Synchronization
import Testing

@Suite("Exits", .serialized, .enabled(if: TinyGuest.isAvailable, "this machine has no usable /dev/kvm"))
struct ExitTests {
    @Test("OUT leaves the guest with port, size and value, and IN takes the answer")
    func ports() throws {
        // mov al,'A'; out 0x10,al; in al,0x11; out 0x12,al; hlt
        let guest = try TinyGuest([0xB0, 0x41, 0xE6, 0x10, 0xE4, 0x11, 0xE6, 0x12, 0xF4])
        guard case .port(let first) = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(first.isWrite && first.port == 0x10 && first.size == 1 && first.count == 1 && first.value() == 0x41)
        guard case .port(let second) = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(!second.isWrite && second.port == 0x11)
        second.answer(0x5A)
        guard case .port(let third) = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(third.isWrite && third.port == 0x12 && third.value() == 0x5A)
        guard case .halted = try guest.vcpu.run() else { Issue.record("no halt"); return }
    }

    @Test("a load and a store of unbacked memory leave the guest with address, size and value")
    func memory() throws {
        // mov ax,0xF000; mov ds,ax; mov ax,[0xFFF0+...]: segment 0xF000:0x8000 = 0xF8000 is RAM, so use 0xFFFF:0x0010 = 1 MiB
        // mov ax,0xFFFF; mov ds,ax; mov al,[0x10]; mov [0x12],al; hlt
        let guest = try TinyGuest([
            0xB8, 0xFF, 0xFF, 0x8E, 0xD8, 0xA0, 0x10, 0x00, 0xA2, 0x12, 0x00, 0xF4,
        ])
        guard case .memory(let load) = try guest.vcpu.run() else { Issue.record("no memory exit"); return }
        #expect(!load.isWrite && load.address == 0x10_0000 && load.size == 1)
        load.answer(0x77)
        guard case .memory(let store) = try guest.vcpu.run() else { Issue.record("no memory exit"); return }
        #expect(store.isWrite && store.address == 0x10_0002 && store.size == 1 && store.value == 0x77)
    }

    @Test("a spinning vCPU comes back on every kick, whichever moment it hits")
    func kicks() throws {
        try OSThread.prepareKicks()
        let guest = try TinyGuest([0xEB, 0xFE])  // jmp to itself
        let kicker = guest.vcpu.kicker
        let wanted = Atomic<UInt32>(0)
        let seen = Gate()
        let rounds: UInt32 = 100
        let thread = try OSThread(name: "vcpu") {
            var last: UInt32 = 0
            while last < rounds {
                guard case .interrupted? = try? guest.vcpu.run() else { return }
                kicker.disarm()
                last = wanted.load(ordering: .acquiring)
                seen.open(last)
            }
        }
        for round in 1...rounds {
            wanted.store(round, ordering: .releasing)
            kicker.arm()
            thread.kick()
            while seen.value != round { seen.wait(while: round - 1) }
        }
        thread.join()
        #expect(seen.value == rounds)
    }

    @Test("a doorbell ends in the kernel: the eventfd rings and the guest runs on")
    func doorbell() throws {
        // out 0x20,al rings; out 0x21,al leaves the guest
        let guest = try TinyGuest([0xE6, 0x20, 0xE6, 0x20, 0xE6, 0x21])
        let bell = try EventFD()
        try guest.vm.setDoorbell(address: 0x20, size: 1, value: nil, isPort: true, event: bell.raw, attached: true)
        guard case .port(let access) = try guest.vcpu.run() else { Issue.record("no port exit"); return }
        #expect(access.port == 0x21)
        #expect(bell.drain() == 2)
        try guest.vm.setDoorbell(address: 0x20, size: 1, value: nil, isPort: true, event: bell.raw, attached: false)
    }

    @Test("a store to a read-only slot leaves the guest and changes nothing")
    func readOnly() throws {
        // mov byte [0x3000],0x55; hlt
        let guest = try TinyGuest([0xC6, 0x06, 0x00, 0x30, 0x55, 0xF4])
        let region = guest.ram.layout.regions[0]
        let host = guest.ram.hostAddress(of: region)
        try guest.vm.setMemoryRegion(MemorySlot(number: 0, start: .init(0), count: 0, hostAddress: host))
        try guest.vm.setMemoryRegion(
            MemorySlot(number: 0, start: .init(0), count: region.count, hostAddress: host, isReadOnly: true))
        guard case .memory(let store) = try guest.vcpu.run() else { Issue.record("no memory exit"); return }
        #expect(store.isWrite && store.address == 0x3000 && store.value == 0x55)
        #expect(try guest.ram.memory.read(UInt8.self, at: .init(0x3000)) == 0)
    }
}

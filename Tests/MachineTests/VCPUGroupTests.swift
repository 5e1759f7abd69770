// SPDX-License-Identifier: Apache-2.0

import Bus
import Glibc
import GuestMemory
import KVM
import Linux
import Synchronization
import Testing

@testable import Machine

/// vCPUs of 1 MiB that start in real mode at 0x1000, behind a group as in a machine.
private final class Rig: Sendable {
    let system: System
    let shared: SharedVM
    let ram: GuestRAM
    let group = VCPUGroup()
    let events = RecordedEvents()
    let threads: [VCPUThread]
    static let isAvailable = (try? System.open().createVM()) != nil

    init(_ code: [UInt8], vcpus: UInt32 = 1) throws {
        try OSThread.prepareKicks()
        system = try System.open()
        shared = SharedVM(try system.createVM())
        ram = try GuestRAM(layout: RAMLayout(bytes: 1 << 20))
        try shared.vm.setMemoryRegion(
            MemorySlot(
                number: 0, start: GuestAddress(0), count: 1 << 20,
                hostAddress: ram.hostAddress(of: ram.layout.regions[0])))
        try ram.memory.write(code, at: GuestAddress(0x1000))
        var threads: [VCPUThread] = []
        for id in 0..<vcpus {
            let vcpu = try shared.vm.createVCPU(id: id)
            try vcpu.setCPUID(try system.supportedCPUID())
            var registers = GeneralRegisters()
            registers.rip = 0x1000
            try vcpu.setGeneralRegisters(registers)
            var segments = try vcpu.systemRegisters()
            (segments.cs.base, segments.cs.selector) = (0, 0)
            try vcpu.setSystemRegisters(segments)
            threads.append(
                VCPUThread(vcpu, ports: PortBus([]), memory: MemoryBus(), group: group, events: events))
        }
        self.threads = threads
    }

    func start() throws {
        for thread in threads { try thread.start(cpus: nil, prepare: {}) }
    }

    func end() {
        group.end()
        for thread in threads { thread.join() }
    }
}

extension OnKVM {
    @Suite("vCPUs in a group", .serialized, .enabled(if: Rig.isAvailable, "this machine has no usable /dev/kvm"))
    struct VCPUGroupTests {
        @Test("vCPUs park and go on as often as they are told, and end while parked")
        func parking() throws {
            let rig = try Rig([0xFE, 0x06, 0x00, 0x30, 0xEB, 0xFA], vcpus: 2)  // incb [0x3000] for ever
            try rig.start()
            for _ in 0..<50 {
                rig.group.resume()
                rig.group.park()
                let before = try rig.threads.map { try $0.vcpu.generalRegisters().rip }
                #expect(try rig.threads.map { try $0.vcpu.generalRegisters().rip } == before)
            }
            rig.end()
            #expect(rig.events.all == [])
        }

        @Test("a vCPU that KVM refuses to run again and again still parks and ends")
        func refused() throws {
            let rig = try Rig([0xF4])
            // kvm_valid_regs (byte 288 of struct kvm_run) with bits nobody knows: KVM_RUN fails before immediate_exit counts.
            let page = try Mapping(shared: rig.threads[0].vcpu.descriptor, count: 4096)
            page.base.storeBytes(of: UInt64.max, toByteOffset: 288, as: UInt64.self)
            try rig.start()
            rig.group.resume()
            rig.events.waitForFirst()
            rig.group.requestPark()
            rig.group.park()
            rig.end()
            #expect(rig.events.all.first?.hasPrefix("0: The vCPU stopped: KVM_RUN") == true)
        }

        @Test("a guest's wish to park that meets the end of the machine does not undo the end")
        func parkAgainstEnd() throws {
            for _ in 0..<2000 {
                let group = VCPUGroup()
                group.resume()
                let go = Gate()
                let guest = try OSThread(name: "guest") {
                    go.wait(while: 0)
                    group.requestPark()
                }
                go.open(1)
                group.end()
                guest.join()
                #expect(group.checkpoint() == false)
            }
        }
    }
}

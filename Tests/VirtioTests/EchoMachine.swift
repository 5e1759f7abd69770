// SPDX-License-Identifier: Apache-2.0

import Bus
import GuestMemory
import Linux
import PCI
import TestSupport
import Virtio

/// An echo device behind virtio-pci, with the driver's view of it.
struct EchoMachine {
    let guest: Guest
    let bus = MemoryBus()
    let router = FakeRouter()
    let doorbells = FakeDoorbells()
    let device: EchoDevice
    let function: VirtioPCIFunction
    let driver: VirtioDriver

    struct NoDriver: Error {}

    init(guest: Guest? = nil) throws {
        self.guest = try guest ?? Guest()
        device = try EchoDevice()
        var allocator = BARAllocator(window: 0xC000_0000..<0xFEC0_0000)
        let decoder = MemoryDecoder(bus: bus, apertures: [0xC000_0000..<0xFEC0_0000])
        function = try VirtioPCIFunction(
            device: device, memory: self.guest.memory, allocator: &allocator, decoder: decoder, router: router,
            doorbells: doorbells)
        guard let driver = VirtioDriver(PCIDriver(function: function, bus: bus)) else { throw NoDriver() }
        self.driver = driver
    }

    static let features = Feature.version1 | Feature.indirectDescriptors

    /// Does all a driver does up to DRIVER_OK, with vector 0 for configuration and 1 for the first queue.
    func start(size: UInt16 = 16, layout: RingLayout = .split) throws -> DriverQueue {
        let queue = try DriverQueue(memory: guest.memory, at: 0x4000, size: size, layout: layout)
        driver.pci.program(vector: 0, EchoMachine.configurationMessage)
        driver.pci.program(vector: 1, EchoMachine.queueMessage)
        driver.pci.setMSIX(enabled: true)
        guard driver.negotiate(EchoMachine.features | layout.features), driver.setConfigurationVector(0),
            driver.setUp(queue, index: 0, vector: 1)
        else { throw NoDriver() }
        driver.ready()
        return queue
    }

    static let configurationMessage = MSIMessage(address: 0xFEE0_0000, data: 0x30)
    static let queueMessage = MSIMessage(address: 0xFEE0_0000, data: 0x31)

    /// Waits until the router has delivered this message; other tests' load cannot make it fail, only slow.
    func wait(for message: MSIMessage) {
        while !router.takeDelivered().contains(message) { Pause.briefly() }
    }

    /// Sends four bytes through the device and says what came back.
    func echo(_ value: UInt32, through queue: inout DriverQueue, rings: Bool = true) throws -> UInt32 {
        try guest.memory.write(value.littleEndian, at: GuestAddress(0x10000))
        _ = try queue.add([.readable(0x10000, 4), .writable(0x10100, 4)])
        try queue.publish()
        if rings {
            if !doorbells.ring(address: driver.doorbell(0), size: 2, value: 0) { throw NoDriver() }
        } else {
            driver.kick(0)
        }
        while true {
            if let used = try queue.takeUsed() {
                guard used.written == 4 else { throw NoDriver() }
                return UInt32(littleEndian: try guest.memory.read(at: GuestAddress(0x10100)))
            }
            Pause.briefly()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
internal import PCI
internal import Virtio

/// What a virtio device is wired to: bus, memory, interrupts, doorbells.
struct DeviceFabric: ~Copyable {
    private let bus: RootBus
    private let ram: GuestMemory
    private let decoder: MemoryDecoder
    private let routes: InterruptRoutes
    private let doorbells: Doorbells
    private var allocator: BARAllocator

    /// - Parameters:
    ///   - decoder: covers both of `PhysicalMap`'s windows.
    ///   - routes: delivers the functions' messages.
    init(bus: RootBus, ram: GuestMemory, decoder: MemoryDecoder, routes: InterruptRoutes, doorbells: Doorbells) {
        self.bus = bus
        self.ram = ram
        self.decoder = decoder
        self.routes = routes
        self.doorbells = doorbells
        // Below 4 GiB every kernel and every firmware can reach them.
        allocator = BARAllocator(window: PhysicalMap.pciWindow32)
    }

    /// Puts a device on the bus.
    /// - Throws: `Errno` when descriptors, routes or addresses run out.
    mutating func add(_ device: any VirtioDevice, at place: FunctionAddress) throws(Errno) {
        let function = try VirtioPCIFunction(
            device: device, memory: ram, allocator: &allocator, decoder: decoder, router: routes, doorbells: doorbells)
        guard bus.insert(function, at: place) else { throw Errno(code: 16, call: "pci") }
    }

    /// Puts a function that is no virtio device on the bus; `make` places its BARs.
    /// - Throws: `Errno` of `make`, or that the place is taken.
    mutating func add(
        at place: FunctionAddress,
        _ make: (inout BARAllocator, MemoryDecoder) throws(Errno) -> any PCIFunction
    ) throws(Errno) {
        guard bus.insert(try make(&allocator, decoder), at: place) else { throw Errno(code: 16, call: "pci") }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import TestSupport

/// A root bus with both bridges and one test function, reached by both mechanisms.
struct TestMachine {
    let memory = MemoryBus()
    let router = FakeRouter()
    let root = RootBus()
    let decoder: MemoryDecoder
    let function: RegisterFunction
    let ports: ConfigurationMechanism1
    let ecam: ECAM
    static let base: UInt64 = 0xC000_0000

    init(vectors: Int = 3) throws {
        decoder = MemoryDecoder(bus: memory, apertures: [0xC000_0000..<0xFEC0_0000, 0x80_0000_0000..<0x100_0000_0000])
        function = try RegisterFunction(decoder: decoder, router: router, vectors: vectors, at: TestMachine.base)
        _ = root.insert(FixedFunction.hostBridge(ecam: 0xB000_0000..<0xC000_0000), at: .hostBridge)
        _ = root.insert(FixedFunction.lpcBridge(powerManagementBase: 0x600), at: .lpcBridge)
        _ = root.insert(function, at: FunctionAddress.devices[0])
        ports = ConfigurationMechanism1(bus: root)
        ecam = ECAM(bus: root)
    }

    var driver: PCIDriver { PCIDriver(function: function, bus: memory) }

    /// Reads a register through the ports.
    func readPorts(device: Int, function: Int, offset: Int, size: Int) -> UInt64 {
        let address = 0x8000_0000 | UInt64(device) << 11 | UInt64(function) << 8 | UInt64(offset & 0xFC)
        ports.write(offset: 0, size: 4, value: address)
        return ports.read(offset: 4 + UInt64(offset & 3), size: size)
    }

    /// Reads a register through memory.
    func readMemory(device: Int, function: Int, offset: Int, size: Int) -> UInt64 {
        ecam.read(offset: UInt64(device) << 15 | UInt64(function) << 12 | UInt64(offset), size: size)
    }
}

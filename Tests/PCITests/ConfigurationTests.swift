// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import TestSupport
import Testing

@Suite("Configuration space")
struct ConfigurationTests {
    @Test("both mechanisms read the same from every register of every function, at every size")
    func mechanismsAgree() throws {
        let machine = try TestMachine()
        for device in 0..<32 {
            for function in device == 1 || device == 31 ? 0..<8 : 0..<1 {
                for offset in 0..<256 {
                    for size in [1, 2, 4] where offset % size == 0 {
                        let mask: UInt64 = (1 << UInt64(8 * size)) - 1
                        let a = machine.readPorts(device: device, function: function, offset: offset, size: size)
                        let b = machine.readMemory(device: device, function: function, offset: offset, size: size)
                        #expect(a & mask == b & mask, "\(device).\(function) register \(offset) size \(size)")
                    }
                }
            }
        }
    }

    @Test("a write through either mechanism is read back through the other", arguments: [1, 2, 4])
    func writesAgree(size: Int) throws {
        let machine = try TestMachine()
        let mask: UInt64 = (1 << UInt64(8 * size)) - 1
        let line = UInt64(1) << 15 | 0x3C
        machine.ecam.write(offset: line, size: size, value: 0x5A5A_5A5A & mask)
        #expect(machine.readPorts(device: 1, function: 0, offset: 0x3C, size: 1) & 0xFF == 0x5A)
        machine.ports.write(offset: 0, size: 4, value: 0x8000_083C)
        machine.ports.write(offset: 4, size: size, value: 0xA5A5_A5A5 & mask)
        #expect(machine.ecam.read(offset: line, size: 1) & 0xFF == 0xA5)
    }

    @Test("an absent function, another bus and an address that is not enabled read as all ones")
    func absence() throws {
        let machine = try TestMachine()
        #expect(machine.readMemory(device: 2, function: 0, offset: 0, size: 4) == 0xFFFF_FFFF)
        #expect(machine.readMemory(device: 1, function: 1, offset: 0, size: 2) == 0xFFFF)
        #expect(machine.ecam.read(offset: 1 << 20, size: 4) == 0xFFFF_FFFF)
        machine.ports.write(offset: 0, size: 4, value: 0x8001_0000)
        #expect(machine.ports.read(offset: 4, size: 4) & 0xFFFF_FFFF == 0xFFFF_FFFF)
        machine.ports.write(offset: 0, size: 4, value: 0x0000_0000)
        #expect(machine.ports.read(offset: 4, size: 4) & 0xFFFF_FFFF == 0xFFFF_FFFF)
        machine.ecam.write(offset: 2 << 15, size: 4, value: 0)
        #expect(machine.readMemory(device: 2, function: 0, offset: 0, size: 4) == 0xFFFF_FFFF)
    }

    @Test("only a doubleword latches an address, and it is read back")
    func latch() throws {
        let machine = try TestMachine()
        machine.ports.write(offset: 0, size: 4, value: 0x8000_F803)
        #expect(machine.ports.read(offset: 0, size: 4) == 0x8000_F800)
        machine.ports.write(offset: 3, size: 1, value: 0x01)
        machine.ports.write(offset: 0, size: 2, value: 0x1234)
        machine.ports.write(offset: 1, size: 1, value: 0x06)
        #expect(machine.ports.read(offset: 0, size: 4) == 0x8000_F800)
        #expect(machine.ports.read(offset: 3, size: 1) & 0xFF == 0x80)
        #expect(machine.ports.read(offset: 4, size: 4) & 0xFFFF_FFFF == 0x2918_8086)
        #expect(machine.ports.read(offset: 6, size: 2) & 0xFFFF == 0x2918)
    }

    @Test("accesses that cross doublewords or functions give each byte its own register")
    func crossing() throws {
        let machine = try TestMachine()
        for offset in [0, 1, 2, 3, 5, 0xFF9, 0xFFD, 0xFFF, (1 << 15) - 3, (1 << 15) + 1] {
            for size in [1, 2, 4, 8] {
                var bytes: UInt64 = 0
                for i in 0..<size {
                    bytes |= (machine.ecam.read(offset: UInt64(offset + i), size: 1) & 0xFF) << UInt64(8 * i)
                }
                #expect(machine.ecam.read(offset: UInt64(offset), size: size) == bytes, "\(offset) size \(size)")
            }
        }
    }

    @Test("the bridges are the q35's and their fixed registers cannot be changed")
    func bridges() throws {
        let machine = try TestMachine()
        let table: [(device: Int, offset: Int, value: UInt64)] = [
            (0, 0x00, 0x29C0_8086), (0, 0x08, 0x0600_0000), (0, 0x60, 0xB000_0001), (0, 0x64, 0),
            (31, 0x00, 0x2918_8086), (31, 0x08, 0x0601_0002), (31, 0x40, 0x0000_0601), (31, 0x44, 0x0000_0080),
            (31, 0x0C, 0x0080_0000),
        ]
        for (device, offset, value) in table {
            #expect(machine.readMemory(device: device, function: 0, offset: offset, size: 4) == value)
            guard offset != 0x0C else { continue }
            machine.ecam.write(offset: UInt64(device) << 15 | UInt64(offset), size: 4, value: 0xFFFF_FFFF)
            #expect(machine.readMemory(device: device, function: 0, offset: offset, size: 4) == value)
        }
    }

    @Test("reset takes every register back, and a place on the bus is given once")
    func reset() throws {
        let machine = try TestMachine()
        let before = (0..<256).map { machine.readMemory(device: 1, function: 0, offset: $0, size: 1) }
        for offset in stride(from: 0, to: 256, by: 4) {
            machine.ecam.write(offset: 1 << 15 | UInt64(offset), size: 4, value: 0xFFFF_FFFF)
        }
        #expect((0..<256).map { machine.readMemory(device: 1, function: 0, offset: $0, size: 1) } != before)
        machine.root.reset()
        #expect((0..<256).map { machine.readMemory(device: 1, function: 0, offset: $0, size: 1) } == before)
        #expect(!machine.root.insert(machine.function, at: FunctionAddress.devices[0]))
        #expect(FunctionAddress(device: 32) == nil && FunctionAddress(device: 0, function: 8) == nil)
        #expect(FunctionAddress.devices.last?.description == "00:1e.0")
    }

    @Test("a saved space is taken back only by a function it fits")
    func restore() throws {
        let bridge = FixedFunction.lpcBridge(powerManagementBase: 0x600)
        bridge.writeConfiguration(offset: 0xF0, size: 4, value: 0xFED1_C001)
        let state = bridge.state
        let other = FixedFunction.lpcBridge(powerManagementBase: 0x600)
        #expect(other.restore(state) && other.state == state)
        #expect(!FixedFunction.lpcBridge(powerManagementBase: 0x700).restore(state))
        #expect(!FixedFunction.hostBridge(ecam: 0xB000_0000..<0xC000_0000).restore(state))
        #expect(!other.restore(Array(state.dropLast())))
    }
}

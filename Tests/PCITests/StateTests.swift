// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import Record
import TestSupport
import Testing

@Suite("Saved PCI state")
struct StateTests {
    @Test("vectors travel as records: messages, masks and what is pending")
    func vectors() throws {
        let machine = try TestMachine()
        let message = MSIMessage(address: 0xFEE0_1000, data: 0x41)
        machine.driver.program(vector: 1, message)
        machine.driver.program(vector: 2, message)
        machine.driver.setMSIX(enabled: true)
        machine.driver.mask(vector: 2, true)
        machine.function.msix.interrupt(vector: 2).raise()
        let state = machine.function.msix.state
        #expect(state.vectors[2].isPending && !state.vectors[1].isPending)
        let decoded = try Record.decode(MSIXState.self, Record.encode(state))
        #expect(decoded == state)
    }

    @Test("the chipset goes on from its record, and a record of another chipset changes nothing")
    func chipset() throws {
        func bridges() -> (FixedFunction, FixedFunction, ConfigurationMechanism1) {
            (
                .hostBridge(ecam: 0xB000_0000..<0xC000_0000), .lpcBridge(powerManagementBase: 0x600),
                ConfigurationMechanism1(bus: RootBus())
            )
        }
        let (host, lpc, ports) = bridges()
        host.writeConfiguration(offset: 0x91, size: 1, value: 0x33)
        lpc.writeConfiguration(offset: 0x60, size: 1, value: 0x0B)
        ports.address = 0x8000_F860
        let state = ChipsetState(hostBridge: host, lpcBridge: lpc, mechanism: ports)
        let decoded = try Record.decode(ChipsetState.self, Record.encode(state))
        #expect(decoded == state)

        let (newHost, newLPC, newPorts) = bridges()
        #expect(decoded.restore(hostBridge: newHost, lpcBridge: newLPC, mechanism: newPorts))
        #expect(newHost.readConfiguration(offset: 0x91, size: 1) == 0x33)
        #expect(newLPC.readConfiguration(offset: 0x60, size: 1) == 0x0B)
        #expect(newPorts.address == 0x8000_F860)

        let (otherHost, otherLPC, otherPorts) = bridges()
        let before = ChipsetState(hostBridge: otherHost, lpcBridge: otherLPC, mechanism: otherPorts)
        for field in [\ChipsetState.hostBridge, \.lpcBridge] {
            for damage in 0..<3 {
                var bad = decoded
                switch damage {
                case 0: bad[keyPath: field][0] ^= 1
                case 1: bad[keyPath: field].removeLast()
                default: bad[keyPath: field] = []
                }
                #expect(!bad.restore(hostBridge: otherHost, lpcBridge: otherLPC, mechanism: otherPorts))
                #expect(
                    ChipsetState(hostBridge: otherHost, lpcBridge: otherLPC, mechanism: otherPorts) == before)
            }
        }
    }

    @Test("a record that is changed anywhere is refused or is a state", arguments: [1, 2, 3] as [UInt64])
    func hostile(seed: UInt64) throws {
        let machine = try TestMachine()
        let bytes = Record.encode(machine.function.msix.state)
        var random = SeededRandom(seed: seed)
        var refused = 0
        for _ in 0..<5000 {
            var changed = bytes
            changed[Int.random(in: changed.indices, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            guard let state = try? Record.decode(MSIXState.self, changed) else {
                refused += 1
                continue
            }
            #expect(try Record.decode(MSIXState.self, Record.encode(state)) == state)
        }
        #expect(refused > 500)
    }
}

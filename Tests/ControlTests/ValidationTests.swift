// SPDX-License-Identifier: Apache-2.0

import Control
import Testing

@Suite("Configurations are validated by field")
struct ValidationTests {
    @Test("a machine that uses every field is valid")
    func valid() throws {
        try MachineConfiguration.sample().validate(descriptors: MachineConfiguration.sampleDescriptors)
    }

    @Test("a machine with nothing but a kernel is valid")
    func small() throws {
        let sample = try MachineConfiguration.sample()
        let machine = MachineConfiguration(
            name: "small", uuid: sample.uuid, cpu: CPUConfiguration(topology: CPUTopology()),
            memory: MemoryConfiguration(bytes: 16 << 20), boot: BootConfiguration(kernel: .at(0)))
        try machine.validate(descriptors: 1)
    }

    @Test("a spoilt field is told by its path", arguments: ValidationCase.all)
    func spoilt(spoilt: ValidationCase) throws {
        var machine = try MachineConfiguration.sample()
        spoilt.spoil(&machine)
        let descriptors = MachineConfiguration.sampleDescriptors
        do {
            try machine.validate(descriptors: descriptors)
            Issue.record("accepted, although \(spoilt.message)")
        } catch {
            #expect(error.description == spoilt.message)
        }
    }

    @Test("no count of descriptors traps", arguments: [Int.min, -1, 0, 1, 253])
    func counts(descriptors: Int) throws {
        let machine = try MachineConfiguration.sample()
        #expect(throws: ConfigurationError.self) { try machine.validate(descriptors: descriptors) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Mutated streams")
struct MutationTests {
    /// Whatever happens to a stream, it is refused, or it is the one encoding of what it holds.
    @Test("ten thousand mutated streams are each refused or read back exactly", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = Record.encode([Everything(), Everything()])
        var accepted = 0
        for _ in 0..<2500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&bytes, &generator) }
            guard let value = try? Record.parse(bytes) else { continue }
            accepted += 1
            #expect(Record.encode(value) == bytes)
            _ = value.description
            _ = value.json
            if let typed = try? Record.decode([Everything].self, bytes) {
                #expect(try Record.decode([Everything].self, Record.encode(typed)) == typed)
            }
        }
        #expect(accepted > 0)
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0...16, using: &generator), at: place)
        case 4: bytes.removeSubrange(place...)
        default:
            let end = min(bytes.count, place + Int.random(in: 1...32, using: &generator))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
    }
}

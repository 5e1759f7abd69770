// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@testable import Storage

@Suite("The hot path of qcow2")
struct HotPathTests {
    @Test("once clusters are stored and their table is in memory, requests allocate nothing", arguments: [false, true])
    func allocations(extended: Bool) throws {
        let file = try TemporaryFile([0])
        var creation = Qcow2Creation(size: 64 << 20)
        creation.extendedL2 = extended
        let parts = [
            ImageChain.Part(
                format: .qcow2, file: try ImageFile.open(file.path, readOnly: false, end: .zeros), name: "disk")
        ]
        try creation.write(to: try OpenMetadataFile(parts[0].file), name: "disk")
        let chain = try ImageChain(parts, readOnly: false)
        var engine = try Qcow2Engine(chain, files: try BlockingFiles(chain.files))
        let vectors = Vectors([65_536])
        let span = vectors.withSpan { $0 }
        for offset in stride(from: UInt64(0), to: 4 << 20, by: 65_536) {
            _ = engine.submit(.write(span, at: offset, count: 65_536, durable: false), token: 0)
        }
        _ = engine.submit(.flush, token: 0)
        var failures = 0
        let small = Vectors([4096])
        let piece = small.withSpan { $0 }
        let count = AllocationCount.during {
            for offset in stride(from: UInt64(0), to: 4 << 20, by: 4096) {
                for isWrite in 0..<2 {
                    let operation: BlockOperation =
                        isWrite == 0
                        ? .read(piece, at: offset, count: 4096)
                        : .write(piece, at: offset, count: 4096, durable: false)
                    if case .completed(let failure?) = engine.submit(operation, token: 0), failure.code != 0 {
                        failures += 1
                    }
                }
            }
            if case .completed(let failure?) = engine.submit(.flush, token: 0), failure.code != 0 { failures += 1 }
        }
        #expect(failures == 0)
        #expect(count == 0)
        withExtendedLifetime((vectors, small)) {}
    }
}

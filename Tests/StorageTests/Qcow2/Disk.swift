// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@testable import Storage

/// A qcow2 disk over files in memory.
struct Disk: ~Copyable {
    let image: Qcow2Image
    var engine: Qcow2Engine<MemoryFiles>

    /// Opens the image in the first file; the second is its data file or the layer below.
    init(
        _ file: MemoryFile, dataFile: MemoryFile? = nil, backing: MemoryFile? = nil, backingIsRaw: Bool = true,
        readOnly: Bool = false, seed: UInt64? = nil, cacheBytes: Int = 32 << 20
    ) throws {
        let image = try Qcow2Image(file, dataFile: dataFile, name: "disk", readOnly: readOnly, cacheBytes: cacheBytes)
        var files = [file]
        if let dataFile { files.append(dataFile) }
        var layers: [ImageChain.Layer] = [.qcow2(image, file: 0, dataFile: files.count - 1)]
        if let backing {
            files.append(backing)
            let index = files.count - 1
            if backingIsRaw {
                layers.append(.raw(file: index, bytes: backing.bytes))
            } else {
                let lower = try Qcow2Image(backing, name: "backing", readOnly: true)
                layers.append(.qcow2(lower, file: index, dataFile: index))
            }
        }
        let engine = try Qcow2Engine(try ImageChain(layers), files: try MemoryFiles(files, lateWith: seed))
        self.image = image
        self.engine = engine
    }

    /// An empty image in memory.
    static func create(_ creation: Qcow2Creation, keepsChanges: Bool = false) throws -> MemoryFile {
        let file = MemoryFile()
        try creation.write(to: file, name: "disk")
        return MemoryFile(file.content, keepsChanges: keepsChanges)
    }

    /// Carries one operation out and waits for it.
    mutating func perform(_ operation: BlockOperation) throws(Errno) {
        switch engine.submit(operation, token: 0) {
        case .completed(let failure?): throw failure
        case .completed(nil): return
        case .queued:
            engine.commit()
            engine.drain()
            guard let completion = engine.nextCompletion() else { throw Errno(code: ETIME, call: "drain") }
            if let failure = completion.failure { throw failure }
        }
    }

    mutating func write(_ bytes: [UInt8], at offset: UInt64, durable: Bool = false) throws {
        let vectors = Vectors(bytes)
        let span = vectors.withSpan { $0 }
        try perform(.write(span, at: offset, count: UInt64(bytes.count), durable: durable))
        withExtendedLifetime(vectors) {}
    }

    mutating func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
        let vectors = Vectors([count])
        let span = vectors.withSpan { $0 }
        try perform(.read(span, at: offset, count: UInt64(count)))
        return vectors.contents
    }

    /// Closes the image and returns what a check finds.
    mutating func close() throws -> Qcow2CheckReport {
        try perform(.flush)
        try image.close()
        return try Qcow2Check.run(on: image.file, name: "disk")
    }
}

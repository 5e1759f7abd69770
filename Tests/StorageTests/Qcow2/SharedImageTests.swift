// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// One queue's share of the work: every fourth sector belongs to it.
private final class Queue: Sendable {
    static let count = 4
    static let sectors = 8192

    let number: Int
    /// What each of its sectors holds at the end.
    let values = Mutex<[UInt32]>([])
    let failures = Atomic<Int>(0)

    init(_ number: Int) { self.number = number }

    /// Writes, zeroes and discards its sectors, several at a time, while others do the same with their neighbours.
    func work<Files: FileEngine & ~Copyable>(_ engine: inout Qcow2Engine<Files>) {
        var random = SeededRandom(seed: UInt64(number) + 1)
        var mine = [UInt32](repeating: 0, count: Self.sectors / Self.count)
        let depth = min(engine.depth, 16)
        let buffers = (0..<depth).map { _ in Vectors([512]) }
        for round in 1...60 {
            var left = 0
            var taken: Set<Int> = []
            for token in 0..<depth {
                let index = Int(random.next() % UInt64(mine.count))
                guard taken.insert(index).inserted else { continue }
                let offset = UInt64(index * Self.count + number) * 512
                let value = UInt32(round * 100 + token)
                let operation: BlockOperation
                if random.next() % 8 == 0 {
                    operation = .writeZeroes(at: offset, count: 512, unmap: true, durable: false)
                    mine[index] = 0
                } else {
                    _ = SectorModel.bytes(value).withUnsafeBytes { p in buffers[token].withSpan { $0.write(p) } }
                    operation = .write(
                        buffers[token].withSpan { $0 }, at: offset, count: 512, durable: random.next() % 50 == 0)
                    mine[index] = value
                }
                if case .completed(let failure) = engine.submit(operation, token: token) {
                    if failure != nil { failures.add(1, ordering: .relaxed) }
                } else {
                    left += 1
                }
            }
            engine.commit()
            while left > 0 {
                while let completion = engine.nextCompletion() {
                    left -= 1
                    if completion.failure != nil { failures.add(1, ordering: .relaxed) }
                }
                guard left > 0 else { break }
                // As a worker waits.
                var entry = pollfd(fd: engine.completionEvent, events: Int16(POLLIN), revents: 0)
                if poll(&entry, 1, 20_000) == 0 {
                    failures.add(1000, ordering: .relaxed)
                    break
                }
            }
            if round % 20 == 0, case .completed(_?) = engine.submit(.flush, token: 0) {
                failures.add(1, ordering: .relaxed)
            } else if round % 20 == 0 {
                engine.commit()
                engine.drain()
                while engine.nextCompletion() != nil {}
            }
        }
        engine.drain()
        values.withLock { $0 = mine }
    }
}

@Suite("Several queues on one qcow2 image")
struct SharedImageTests {
    enum Kind: CaseIterable, Sendable { case blocking, ring }

    @Test("neighbouring sectors written by several queues at once do not disturb each other", arguments: Kind.allCases)
    func queues(kind: Kind) throws {
        if kind == .ring { do throws(Errno) { try RingFiles.probe() } catch { return } }
        let file = try TemporaryFile([0])
        var creation = Qcow2Creation(size: UInt64(Queue.sectors) * 512)
        creation.clusterBytes = 8192
        let open = try ImageFile.open(file.path, readOnly: false, end: .zeros)
        try creation.write(to: try OpenMetadataFile(open), name: "disk")
        let chain = try ImageChain([.init(format: .qcow2, file: open, name: "disk")], readOnly: false)
        let queues = (0..<Queue.count).map { Queue($0) }
        let threads = try queues.map { queue in
            try Worker {
                do throws(Errno) {
                    switch kind {
                    case .blocking:
                        var engine = try Qcow2Engine(chain, files: try BlockingFiles(chain.files), isShared: true)
                        queue.work(&engine)
                    case .ring:
                        var engine = try Qcow2Engine(
                            chain, files: try RingFiles(chain.files, depth: 64), isShared: true)
                        queue.work(&engine)
                    }
                } catch { queue.failures.add(1, ordering: .relaxed) }
            }
        }
        for thread in threads { thread.join() }
        var model = SectorModel([UInt32](repeating: 0, count: Queue.sectors))
        for queue in queues {
            #expect(queue.failures.load(ordering: .relaxed) == 0)
            for (index, value) in queue.values.withLock({ $0 }).enumerated() {
                let sector = index * Queue.count + queue.number
                model.write(value, sector..<sector + 1)
            }
        }
        var engine = try Qcow2Engine(chain, files: try BlockingFiles(chain.files))
        let all = Vectors([Queue.sectors * 512])
        _ = engine.submit(
            .read(all.withSpan { $0 }, at: 0, count: UInt64(Queue.sectors) * 512), token: 0)
        #expect(model.firstWrong(all.contents) == nil)
        try chain.image.close()
        let report = try Qcow2Check.run(on: try OpenMetadataFile(open), name: "disk")
        #expect(report.corruptions == 0 && report.leaks == 0, "\(report.messages)")
    }
}

/// A thread that can be kept in an array.
private final class Worker {
    private var handle = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        let box = Unmanaged.passRetained(Body(body))
        let code = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else { throw Errno(code: code, call: "pthread_create") }
    }

    func join() { pthread_join(handle, nil) }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Storage

@testable import Devices
@testable import Virtio

private let stage = FuzzRAM()

private final class Port: TransportPort {
    func needsReset() {}
    func configurationChanged() {}
}

/// An image that does nothing, and insists that it is only asked for what it has.
private struct StrictEngine: BlockEngine, ~Copyable {
    let properties: ImageProperties
    let memory: GuestMemory
    let readOnly: Bool
    var depth: Int { 1 }
    var completionEvent: Int32 { -1 }

    mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        switch operation {
        case .read(let span, let offset, let count): check(span, offset, count)
        case .write(let span, let offset, let count, _):
            must(!readOnly, "a write to a read-only disk")
            check(span, offset, count)
        case .flush: break
        case .discard(let offset, let count):
            must(!readOnly && properties.contains(offset, count: count), "a discard beyond the disk")
        case .writeZeroes(let offset, let count, _, _):
            must(!readOnly && properties.contains(offset, count: count), "zeroes beyond the disk")
        }
        return .completed(nil)
    }

    private func check(_ span: IOSpan, _ offset: UInt64, _ count: UInt64) {
        must(properties.contains(offset, count: count), "data beyond the disk")
        must(offset % 512 == 0 && count % 512 == 0, "data of no whole sectors")
        var sum: UInt64 = 0
        for index in 0..<span.count {
            let part = span.base[index]
            guard let base = part.iov_base else { fatalError("a vector without an address") }
            must(memory.contains(memory.address(of: base), count: part.iov_len), "a vector outside RAM")
            sum += UInt64(part.iov_len)
        }
        must(sum == count, "vectors of other bytes than the request's")
    }

    mutating func commit() {}
    mutating func nextCompletion() -> BlockCompletion? { nil }
    mutating func drain() {}
    mutating func refresh() throws(Errno) {}
}

/// A hostile driver of a disk: whatever the ring holds, the image is asked for what it has and nothing else.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBlock(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var input = FuzzInput(start, count)
    let memory = stage.cleared()
    let shape = input.byte()
    let sectors = shape & 2 != 0 ? UInt64(input.byte()) : shape & 4 != 0 ? input.number(UInt64.self) >> 9 : 2048
    let properties = ImageProperties(
        capacity: sectors << 9, fileBytes: sectors << 9, logicalBlockBytes: 512, physicalBlockBytes: 4096,
        directAlignment: 1, isReadOnly: shape & 1 != 0, canDiscard: true)
    var script = RingScript(input, memory)
    let engine = UnsafeMutablePointer<StrictEngine>.allocate(capacity: 1)
    engine.initialize(to: StrictEngine(properties: properties, memory: memory, readOnly: properties.isReadOnly))
    defer {
        engine.deinitialize(count: 1)
        engine.deallocate()
    }
    let shared = BlockShared(capacity: properties.capacity, profile: DiskProfile(name: "fuzz", serial: "fuzz"))
    let device = DeviceSetup(memory: memory, features: script.features, queues: [script.setup], port: Port())
    do throws(QueueError) {
        var work = try BlockWork<StrictEngine>(
            script.setup, of: device, engine: engine, shared: shared, metrics: BlockMetrics(),
            parking: ParkingState<ParkedRequest>())
        while let command = script.step() {
            if command & 16 != 0 { shared.writeCache.store(command & 32 != 0, ordering: .relaxed) }
            work.kicked(queue: 0)
        }
        work.quiesce()
        must(work.positions().count == 1, "a queue has no position")
    } catch {
        must(!error.description.isEmpty, "an error says nothing")
    }
    return 0
}

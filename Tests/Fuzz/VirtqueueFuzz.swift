// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory

@testable import Virtio

private let stage = FuzzRAM()

/// A hostile ring: the queue refuses it with a `QueueError`, or every segment of every chain lies in RAM and adds up.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzVirtqueue(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let memory = stage.cleared()
    var script = RingScript(FuzzInput(start, count), memory)
    do throws(QueueError) {
        var queue = try Virtqueue(script.setup, memory: memory, features: script.features)
        var chain = DescriptorChain(capacity: Int(script.setup.size), memory: memory)
        var vector = IOVector(capacity: Int(script.setup.size))
        var held: [ChainToken] = []
        while let command = script.step() {
            switch command & 7 {
            case 0, 1, 2:
                guard try queue.next(into: &chain) else { continue }
                check(chain, memory)
                use(chain, &vector, &script.input)
                if command & 16 != 0 { queue.putBack(chain.token) } else { held.append(chain.token) }
            case 3:
                if let token = held.popLast() { queue.complete(token, written: script.input.number()) }
            case 4: queue.publish()
            case 5: _ = queue.shouldInterrupt()
            case 6:
                if command & 16 != 0 { queue.disableKicks() } else { _ = queue.enableKicks() }
            default: queue.flush()
            }
        }
        let position = queue.position
        for raw in [position.nextAvailable, position.nextUsed] where script.isPacked {
            must(RingPosition(raw: raw).entry < script.setup.size, "a position beyond the ring")
        }
    } catch {
        must(!error.description.isEmpty, "an error says nothing")
    }
    return 0
}

private func check(_ chain: borrowing DescriptorChain, _ memory: GuestMemory) {
    func bytes(_ part: UnsafeBufferPointer<iovec>) -> Int {
        var sum = 0
        for segment in part {
            guard let base = segment.iov_base else { fatalError("a segment without an address") }
            must(segment.iov_len > 0, "an empty segment")
            must(memory.contains(memory.address(of: base), count: segment.iov_len), "a segment outside RAM")
            sum += segment.iov_len
        }
        return sum
    }
    must(chain.readable.count + chain.writable.count <= chain.capacity, "more segments than fit")
    must(bytes(chain.readable) == chain.readableBytes, "readable bytes do not add up")
    must(bytes(chain.writable) == chain.writableBytes, "writable bytes do not add up")
    must(chain.readableBytes + chain.writableBytes < 1 << 32, "a chain of 4 GiB")
}

/// What devices do with a chain.
private func use(_ chain: borrowing DescriptorChain, _ vector: inout IOVector, _ input: inout FuzzInput) {
    let offset = Int(input.number(UInt16.self)), count = Int(input.number(UInt16.self))
    let value = chain.load(UInt64.self, at: offset)
    must((value != nil) == (offset + 8 <= chain.readableBytes), "a load beyond the chain's bytes, or not of its bytes")
    must(chain.store(UInt32(7), at: offset) == (offset + 4 <= chain.writableBytes), "a store beyond the chain's bytes")
    vector.removeAll()
    must(
        vector.append(chain.readable, from: offset, count: count)
            == (offset + count <= chain.readableBytes || count == 0),
        "a vector beyond the chain's bytes")
    vector.removeFirst(bytes: Int(input.byte()))
    vector.removeAll()
    if vector.append(chain.writable, from: offset, count: count) {
        chain.markWritten(from: offset, count: count)
        must(vector.bytes == count, "a vector of other bytes than were asked for")
    }
}

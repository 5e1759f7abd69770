// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Durations of one kind of operation, in TSC cycles.
struct Samples {
    private let values: UnsafeMutablePointer<UInt32>
    private let capacity: Int

    init(capacity: Int) throws(Failure) {
        let address = try Physical.allocate(bytes: capacity * 4)
        guard let memory = Physical.pointer(address) else { throw Failure("out-of-memory") }
        values = memory.bindMemory(to: UInt32.self, capacity: capacity)
        self.capacity = capacity
    }

    /// Times `operation` as often as there is room, and returns the median.
    @inline(__always)
    func measure(_ operation: () -> Void) -> UInt32 {
        for index in 0..<capacity {
            let start = hw_tsc()
            operation()
            let cycles = hw_tsc() &- start
            values[index] = UInt32(clamping: cycles)
        }
        var sorted = UnsafeMutableBufferPointer(start: values, count: capacity)
        sorted.sort()
        return values[capacity / 2]
    }

    /// Prints minimum, median and tail; `baseline` is what the measurement itself costs and is not subtracted.
    func report(kind: StaticString, baseline: UInt32) {
        var total: UInt64 = 0
        for index in 0..<capacity { total += UInt64(values[index]) }
        Runtime.report("result") {
            $0.field("kind", kind)
            $0.field("count", capacity)
            $0.field("min", UInt64(values[0]))
            $0.field("median", UInt64(values[capacity / 2]))
            $0.field("p90", UInt64(values[capacity * 90 / 100]))
            $0.field("p99", UInt64(values[capacity * 99 / 100]))
            $0.field("max", UInt64(values[capacity - 1]))
            $0.field("mean", total / UInt64(capacity))
            $0.field("baseline", UInt64(baseline))
        }
    }
}

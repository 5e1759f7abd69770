// SPDX-License-Identifier: Apache-2.0

internal import Control
import Synchronization

/// How often a vCPU left the guest, by reason; written by its thread alone, read by anybody.
public final class ExitCounters: Sendable {
    private let port = Atomic<UInt64>(0)
    private let memory = Atomic<UInt64>(0)
    private let interrupted = Atomic<UInt64>(0)
    private let other = Atomic<UInt64>(0)

    /// The reasons that are told apart.
    public enum Reason: CaseIterable, Sendable {
        case port, memory, interrupted, other
    }

    // One writer: a load and a store are enough, and cost no locked instruction.
    @inline(__always)
    func count(_ reason: Reason) {
        switch reason {
        case .port: port.store(port.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        case .memory: memory.store(memory.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        case .interrupted: interrupted.store(interrupted.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        case .other: other.store(other.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        }
    }

    /// The count of one reason now.
    public func value(_ reason: Reason) -> UInt64 {
        switch reason {
        case .port: port.load(ordering: .relaxed)
        case .memory: memory.load(ordering: .relaxed)
        case .interrupted: interrupted.load(ordering: .relaxed)
        case .other: other.load(ordering: .relaxed)
        }
    }

    /// All counts with their names.
    var all: [Counter] { Reason.allCases.map { Counter(name: "\($0)", value: value($0)) } }
}

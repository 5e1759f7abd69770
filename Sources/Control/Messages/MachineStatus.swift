// SPDX-License-Identifier: Apache-2.0

import Record

/// The state of a machine.
public struct MachineStatus: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "status"

    /// Where it is in its life.
    public var state: MachineState
    /// The thread of each vCPU in order; empty before the start.
    public var vcpuThreads: [Int32]
    /// How long ago its vCPUs first ran, in nanoseconds.
    public var uptimeNanoseconds: UInt64
    /// How often it was reset.
    public var resets: UInt64

    /// A status.
    public init(
        state: MachineState, vcpuThreads: [Int32] = [], uptimeNanoseconds: UInt64 = 0, resets: UInt64 = 0
    ) {
        self.state = state
        self.vcpuThreads = vcpuThreads
        self.uptimeNanoseconds = uptimeNanoseconds
        self.resets = resets
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("state", state)
        fields.put("vcpuThreads", vcpuThreads)
        fields.put("uptimeNanoseconds", uptimeNanoseconds)
        fields.put("resets", resets)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        state = try fields.take("state")
        vcpuThreads = try fields.take("vcpuThreads")
        uptimeNanoseconds = try fields.take("uptimeNanoseconds")
        resets = try fields.take("resets")
    }
}

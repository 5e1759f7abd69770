// SPDX-License-Identifier: Apache-2.0

import Record

/// How the machine came up.
public struct StartReport: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "started"

    /// When each step of the start was done, in order.
    public var marks: [TimingMark]
    /// The thread of each vCPU in order.
    public var vcpuThreads: [Int32]

    /// A report.
    public init(
        marks: [TimingMark], vcpuThreads: [Int32]
    ) {
        self.marks = marks
        self.vcpuThreads = vcpuThreads
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("marks", marks)
        fields.put("vcpuThreads", vcpuThreads)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        marks = try fields.take("marks")
        vcpuThreads = try fields.take("vcpuThreads")
    }
}

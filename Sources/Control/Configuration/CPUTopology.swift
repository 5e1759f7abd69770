// SPDX-License-Identifier: Apache-2.0

import Record

/// The arrangement of processors: each number is that of one unit of the level above.
public struct CPUTopology: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "topology"

    /// Sockets of the machine.
    public var sockets: UInt32
    /// Cores of a socket.
    public var cores: UInt32
    /// Threads of a core.
    public var threads: UInt32

    /// One processor unless told otherwise.
    public init(
        sockets: UInt32 = 1, cores: UInt32 = 1, threads: UInt32 = 1
    ) {
        self.sockets = sockets
        self.cores = cores
        self.threads = threads
    }

    /// How many vCPUs that makes; meaningful once validated.
    public var count: UInt32 { sockets &* cores &* threads }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("sockets", sockets)
        fields.put("cores", cores)
        fields.put("threads", threads)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        sockets = try fields.take("sockets")
        cores = try fields.take("cores")
        threads = try fields.take("threads")
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a socket device carries to another host beside its transport's state: connections end there, and the driver is
/// told.
public struct VsockState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "vsock"

    /// The guest's context ID on the host that it left.
    public var cid: UInt32
    /// The driver is still to be told of a reset before that.
    public var owesReset: Bool

    /// A state.
    public init(cid: UInt32, owesReset: Bool) {
        self.cid = cid
        self.owesReset = owesReset
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("cid", cid)
        fields.put("owesReset", owesReset)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing, is not what it should be, or is no guest's context ID.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        cid = try fields.take("cid")
        owesReset = try fields.take("owesReset")
        guard (VsockLimits.firstCID...VsockLimits.lastCID).contains(cid) else {
            throw fields.invalid("cid", "is no guest's context ID")
        }
    }
}

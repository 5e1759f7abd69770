// SPDX-License-Identifier: Apache-2.0

import Record

/// A socket device that the kernel's vhost-vsock carries.
public struct VsockConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "vsock"

    /// An open `/dev/vhost-vsock` of its own.
    public var device: DescriptorSlot
    /// The context ID by which the host reaches the guest, 3 to 4294967294.
    public var cid: UInt32

    /// A socket device.
    public init(device: DescriptorSlot, cid: UInt32) {
        self.device = device
        self.cid = cid
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("device", device)
        fields.put("cid", cid)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        device = try fields.take("device")
        cid = try fields.take("cid")
    }

    func validate() throws(ConfigurationError) {
        // 0 to 2 are the hypervisor, this host and any host; the last is any ID (vsock(7)).
        try require(cid >= 3 && cid < .max, "vsock.cid", "must be 3 to 4294967294")
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Virtio

/// The fixed part of a request: `struct virtio_scsi_req_cmd` up to its command block (virtio 1.2 §5.6.6.1).
struct SCSIRequestHeader {
    /// Bytes before the command block.
    static let bytes = 19
    /// Whom it is for.
    var address: SCSIAddress
    /// The driver's name of the request.
    var id: UInt64
    /// What is asked.
    var command: CommandBlock

    /// Reads the header; nil when the chain has fewer readable bytes.
    /// - Parameter commandBytes: bytes of the command block as the driver asked for them.
    init?(_ chain: borrowing DescriptorChain, commandBytes: Int) {
        guard chain.readableBytes >= SCSIRequestHeader.bytes &+ commandBytes else { return nil }
        var raw = InlineArray<51, UInt8>(repeating: 0)
        let wanted = SCSIRequestHeader.bytes &+ min(commandBytes, SCSILimits.commandBytes)
        // SAFETY: `wanted` is at most the 51 bytes of the array.
        let done = unsafe withUnsafeMutableBytes(of: &raw) { buffer in
            unsafe chain.read(at: 0, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(wanted)))
        }
        guard done == wanted else { return nil }
        address = SCSIAddress(raw[0], raw[1], raw[2], raw[3])
        var id: UInt64 = 0
        for i in 0..<8 { id |= UInt64(raw[8 &+ i]) << UInt64(8 &* i) }
        self.id = id
        var command = CommandBlock()
        for i in 0..<(wanted &- SCSIRequestHeader.bytes) { command[i] = raw[SCSIRequestHeader.bytes &+ i] }
        self.command = command
    }
}

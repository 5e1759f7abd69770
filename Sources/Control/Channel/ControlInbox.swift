// SPDX-License-Identifier: Apache-2.0

import Record

/// Puts the peer's bytes and descriptors together into messages; does no input or output.
///
/// A sender attaches descriptors to a frame's first byte, and `recvmsg` hands them out with or before that byte. So once a
/// frame is complete its descriptors are at the head of the queue, and descriptors beyond what the frames begun so far
/// can claim are an error. What waits here is at most one frame and one read.
struct ControlInbox: ~Copyable, Sendable {
    private var bytes: [UInt8] = []
    private var start = 0
    private var descriptors: [Int32] = []

    init() {}

    deinit { DescriptorBundle.close(descriptors) }

    /// Whether nothing of an unfinished frame is here.
    var isEmpty: Bool { start == bytes.count && descriptors.isEmpty }

    /// Takes over what one read brought.
    mutating func append(_ chunk: some Sequence<UInt8>, descriptors more: [Int32]) {
        if start > 0 {
            bytes.removeSubrange(..<start)
            start = 0
        }
        bytes += chunk
        descriptors += more
    }

    /// The next whole message, or nil when more must be read first.
    /// - Throws: `ControlError` when the bytes are not a frame or the frame is not a message.
    mutating func next() throws(ControlError) -> ReceivedMessage? {
        guard bytes.count - start >= ControlFrame.headerBytes else {
            guard descriptors.count <= DescriptorBundle.capacity else { throw stray }
            return nil
        }
        let body = start + ControlFrame.headerBytes
        let frame = try ControlFrame(bytes[start..<body])
        guard bytes.count - body >= frame.messageBytes else {
            guard descriptors.count <= frame.descriptors else { throw stray }
            return nil
        }
        guard descriptors.count >= frame.descriptors else {
            throw ControlError.malformed(
                "\(descriptors.count) of \(frame.descriptors) descriptors arrived")
        }
        let bundle = DescriptorBundle(owning: Array(descriptors.prefix(frame.descriptors)))
        descriptors.removeFirst(frame.descriptors)
        let end = body + frame.messageBytes
        let encoded = Array(bytes[body..<end])
        start = end
        if start == bytes.count, !descriptors.isEmpty { throw stray }
        do {
            return ReceivedMessage(
                message: try Record.decode(ControlMessage.self, encoded), descriptors: bundle)
        } catch {
            throw ControlError.record(error)
        }
    }

    private var stray: ControlError { .malformed("descriptors that belong to no frame") }
}

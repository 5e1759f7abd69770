// SPDX-License-Identifier: Apache-2.0

import Record

/// Puts the peer's bytes and descriptors together into messages; does no input or output.
///
/// A sender attaches all descriptors of a frame to its first byte, and `recvmsg` hands them out by themselves together
/// with that byte. So descriptors belong to a frame when one read brought both, and they are all of its descriptors.
/// Anything else is an error: at the limit of open files the kernel drops some, and those of another frame must not
/// take their place. What waits here is at most one frame, one read and one set of descriptors.
struct ControlInbox: ~Copyable, Sendable {
    private var bytes: [UInt8] = []
    /// Where in `bytes` the next frame begins.
    private var start = 0
    /// Where in the stream `bytes` begins.
    private var base: UInt64 = 0
    private var arrivals: [Arrival] = []

    /// The descriptors of one read, and which bytes of the stream came with them.
    private struct Arrival: Sendable {
        let bytes: Range<UInt64>
        let descriptors: [Int32]
    }

    init() {}

    deinit {
        for arrival in arrivals { DescriptorBundle.close(arrival.descriptors) }
    }

    /// Whether nothing of an unfinished frame is here.
    var isEmpty: Bool { start == bytes.count }

    /// Takes over what one read brought.
    mutating func append(_ chunk: ArraySlice<UInt8>, descriptors: [Int32]) {
        bytes.removeSubrange(..<start)
        base += UInt64(start)
        start = 0
        let begin = base + UInt64(bytes.count)
        bytes += chunk
        if !descriptors.isEmpty {
            arrivals.append(Arrival(bytes: begin..<begin + UInt64(chunk.count), descriptors: descriptors))
        }
    }

    /// The next whole message, or nil when more must be read first.
    /// - Throws: `ControlError` when the bytes are not a frame or the frame is not a message.
    mutating func next() throws(ControlError) -> ReceivedMessage? {
        let begin = base + UInt64(start)
        if let arrival = arrivals.first, arrival.bytes.upperBound <= begin { throw stray }
        let body = start + ControlFrame.headerBytes
        guard body <= bytes.count else { return try incomplete(from: begin) }
        let frame = try ControlFrame(bytes[start..<body])
        let end = body + frame.messageBytes
        guard end <= bytes.count else { return try incomplete(from: begin) }
        let bundle = DescriptorBundle(owning: try takeDescriptors(of: frame, from: begin))
        let encoded = Array(bytes[body..<end])
        start = end
        do {
            return ReceivedMessage(message: try Record.decode(ControlMessage.self, encoded), descriptors: bundle)
        } catch {
            throw ControlError.record(error)
        }
    }

    /// Descriptors that came after an unfinished frame's first byte are not that frame's, and no other has begun.
    private func incomplete(from begin: UInt64) throws(ControlError) -> ReceivedMessage? {
        if let arrival = arrivals.last, arrival.bytes.lowerBound > begin { throw stray }
        return nil
    }

    private mutating func takeDescriptors(of frame: ControlFrame, from begin: UInt64) throws(ControlError) -> [Int32] {
        guard frame.descriptors > 0 else { return [] }
        guard let arrival = arrivals.first, arrival.bytes.contains(begin) else {
            throw ControlError.malformed("0 of \(frame.descriptors) descriptors arrived")
        }
        guard arrival.descriptors.count == frame.descriptors else {
            throw ControlError.malformed("\(arrival.descriptors.count) of \(frame.descriptors) descriptors arrived")
        }
        return arrivals.removeFirst().descriptors
    }

    private var stray: ControlError { .malformed("descriptors that belong to no frame") }
}

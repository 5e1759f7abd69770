// SPDX-License-Identifier: Apache-2.0

import Linux

/// Frames that wait until the socket takes them.
struct ControlOutbox: ~Copyable, Sendable {
    /// Most bytes that may wait; beyond them `add` refuses.
    static let maximumBytes = 4 << 20

    private var frames: [Frame] = []
    /// How many bytes of the first frame went out.
    private var sent = 0
    /// How many bytes wait.
    private(set) var pendingBytes = 0

    private struct Frame: Sendable {
        let bytes: [UInt8]
        var descriptors: [Int32]
    }

    init() {}

    deinit {
        for frame in frames { DescriptorBundle.close(frame.descriptors) }
    }

    /// Drops everything that waits.
    private mutating func clear() {
        for frame in frames { DescriptorBundle.close(frame.descriptors) }
        frames = []
        sent = 0
        pendingBytes = 0
    }

    var isEmpty: Bool { frames.isEmpty }

    /// Queues one encoded message with its descriptors, which are closed once they are sent or when this throws.
    /// - Throws: `ControlError.tooLong` or `ControlError.congested`.
    mutating func add(_ message: [UInt8], descriptors: consuming DescriptorBundle) throws(ControlError) {
        guard message.count <= ControlFrame.maximumBytes else { throw ControlError.tooLong(bytes: message.count) }
        guard pendingBytes + message.count <= Self.maximumBytes else {
            throw ControlError.congested(bytes: pendingBytes)
        }
        let raws = descriptors.release()
        let frame = ControlFrame(messageBytes: message.count, descriptors: raws.count)
        let bytes = frame.header + message
        frames.append(Frame(bytes: bytes, descriptors: raws))
        pendingBytes += bytes.count
    }

    /// Sends what the socket takes without waiting.
    /// - Throws: `ControlError.closed` when the peer is gone, `ControlError.socket` when `sendmsg` fails otherwise.
    mutating func flush(to socket: borrowing UnixSocket) throws(ControlError) {
        while let frame = frames.first {
            let count: Int
            do {
                count = try Self.send(frame.bytes, from: sent, descriptors: frame.descriptors, to: socket)
            } catch {
                if error.isWouldBlock { return }
                guard error.isPeerGone else { throw ControlError.socket(error) }
                clear()
                throw ControlError.closed
            }
            // The descriptors went with the first byte.
            DescriptorBundle.close(frame.descriptors)
            frames[0].descriptors = []
            sent += count
            pendingBytes -= count
            if sent == frame.bytes.count {
                frames.removeFirst()
                sent = 0
            }
        }
    }

    private static func send(
        _ bytes: [UInt8], from start: Int, descriptors: [Int32], to socket: borrowing UnixSocket
    ) throws(Errno) -> Int {
        // `withUnsafeBytes` has no typed throws; the result carries the error through it.
        try bytes.withUnsafeBytes { all in
            Result { () throws(Errno) in
                try socket.send(UnsafeRawBufferPointer(rebasing: all[start...]), descriptors: descriptors)
            }
        }.get()
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// One end of a connection that carries a JSON object a line.
struct LineConnection: ~Copyable {
    let descriptor: FileDescriptor
    private let mostBytes: Int
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private(set) var isEnded = false

    /// What waits for a client that does not read is bounded; beyond it the client is given up.
    private static let mostWaiting = 4 << 20

    /// Takes over a connected socket; `mostBytes` bounds a line of the peer's.
    init(_ descriptor: consuming FileDescriptor, mostBytes: Int) {
        self.descriptor = descriptor
        self.mostBytes = mostBytes
    }

    /// Whether bytes wait for the socket to become writable.
    var wantsWrite: Bool { !output.isEmpty && !isEnded }

    /// Reads what there is, without waiting on a non-blocking socket; returns the whole lines among it.
    mutating func read() -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = descriptor.raw.receive(into: &chunk)
        if count == 0 || (count < 0 && !Self.isTransient(errno)) {
            isEnded = true
            return []
        }
        for byte in chunk.prefix(max(count, 0)) {
            if byte == 0x0A {
                lines.append(input)
                input.removeAll(keepingCapacity: true)
            } else {
                input.append(byte)
            }
            if input.count > mostBytes {
                isEnded = true
                return lines
            }
        }
        return lines
    }

    /// Queues a line and sends what the socket takes.
    mutating func send(_ value: JSONValue) {
        guard !isEnded else { return }
        output += value.encoded() + [0x0A]
        flush()
        if output.count > Self.mostWaiting { isEnded = true }
    }

    /// Sends what waits, as far as the socket takes it.
    mutating func flush() {
        while !output.isEmpty, !isEnded {
            let count = descriptor.raw.transmit(output)
            if count > 0 {
                output.removeFirst(count)
            } else if Self.isTransient(errno) {
                return
            } else {
                isEnded = true
            }
        }
    }

    private static func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EINTR }
}

extension Int32 {
    fileprivate func receive(into chunk: inout [UInt8]) -> Int {
        chunk.withUnsafeMutableBytes { recv(self, $0.baseAddress, $0.count, 0) }
    }

    fileprivate func transmit(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { send(self, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}

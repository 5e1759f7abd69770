// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Bytes that wait for a socket to take them.
struct OutputQueue {
    private var bytes: [UInt8] = []
    private var sent = 0

    /// How many bytes wait.
    var count: Int { bytes.count - sent }

    /// Adds bytes behind the others.
    mutating func append(_ more: some Collection<UInt8>) {
        if sent == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 65_536)
            sent = 0
        }
        bytes += more
    }

    /// What became of sending.
    enum Progress: Equatable { case done, waits, failed }

    /// Sends what the socket takes without waiting.
    mutating func send(to raw: Int32) -> Progress {
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                if sent > 1 << 20 {
                    bytes.removeFirst(sent)
                    sent = 0
                }
                return .waits
            } else if errno != EINTR {
                return .failed
            }
        }
        bytes.removeAll(keepingCapacity: bytes.capacity <= 65_536)
        sent = 0
        return .done
    }
}

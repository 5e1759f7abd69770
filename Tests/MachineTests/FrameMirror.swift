// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// A station at the other end of a tap, in this thread's network namespace, that sends every frame back.
final class FrameMirror: Sendable {
    private let socket: FileDescriptor
    private let stops = Atomic<Bool>(false)
    private let count = Atomic<Int>(0)
    private let thread = Mutex<OSThread?>(nil)

    /// - Throws: `Errno` of `socket` or of the thread.
    init(_ interface: String) throws(Errno) {
        let everything = Int32(UInt16(0x0003).bigEndian)
        let raw = Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue), everything)
        socket = FileDescriptor(owning: Int32(try Errno.check(Int(raw), "socket")))
        // struct sockaddr_ll: family, protocol, index.
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = UInt8(AF_PACKET)
        address[3] = 3
        let index = if_nametoindex(interface)
        for i in 0..<4 { address[4 + i] = UInt8(truncatingIfNeeded: index >> (8 * UInt32(i))) }
        let bound = address.withUnsafeBytes { to in
            bind(raw, to.baseAddress?.assumingMemoryBound(to: sockaddr.self), 20)
        }
        guard bound == 0 else { throw Errno(code: errno, call: "bind") }
        var running: OSThread? = try OSThread(name: "mirror") { [self] in reflect() }
        thread.withLock { swap(&$0, &running) }
    }

    /// Frames that were sent back.
    var frames: Int { count.load(ordering: .relaxed) }

    func stop() {
        stops.store(true, ordering: .releasing)
        var running: OSThread? = nil
        thread.withLock { swap(&$0, &running) }
        running.take()?.join()
    }

    private func reflect() {
        var frame = [UInt8](repeating: 0, count: 2048)
        var from = [UInt8](repeating: 0, count: 20)
        while !stops.load(ordering: .acquiring) {
            var poll = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, 20) > 0 else { continue }
            var length = socklen_t(20)
            let bytes = from.withUnsafeMutableBytes { at in
                recvfrom(
                    socket.raw, &frame, frame.count, 0, at.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            // What we sent ourselves comes by as well: PACKET_OUTGOING.
            guard bytes >= 14, from[10] != 4 else { continue }
            frame.replaceSubrange(0..<6, with: frame[6..<12])
            frame.replaceSubrange(6..<12, with: [2, 0, 0, 0, 0, 0xFE])
            if send(socket.raw, frame, bytes, 0) == bytes { count.wrappingAdd(1, ordering: .relaxed) }
        }
    }
}

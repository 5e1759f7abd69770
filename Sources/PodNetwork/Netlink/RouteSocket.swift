// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc
import Linux

/// Asks the kernel about the links, addresses and routes of this thread's network namespace, and changes them.
struct RouteSocket: ~Copyable {
    private let descriptor: FileDescriptor
    private var sequence: UInt32 = 0
    /// Changes it may still make, nil for any number: a test stops between any two.
    private var changes: Int?
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// - Throws: `Errno` of `socket`.
    init(changes: Int? = nil) throws(Errno) {
        self.changes = changes
        descriptor = FileDescriptor(owning: Int32(try Errno.check(clinux_netlink_route(), "socket")))
    }

    /// Carries one change out.
    /// - Throws: `NetlinkError` with the kernel's reason.
    mutating func change(_ message: NetlinkMessage, to request: String) throws(NetlinkError) {
        if changes == 0 {
            throw NetlinkError(errno: Errno(code: ECANCELED, call: "netlink"), request: request, words: "")
        }
        changes = changes.map { $0 - 1 }
        try exchange(message, request) { _, _ in }
    }

    /// Everything of a kind: the family's header and attributes of each.
    /// - Throws: `NetlinkError`.
    mutating func dump(
        _ message: NetlinkMessage, of kind: UInt16, to request: String
    ) throws(NetlinkError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        try exchange(message, request) { type, body in
            if type == kind { found.append(Array(body)) }
        }
        return found
    }

    private mutating func exchange(
        _ message: NetlinkMessage, _ request: String, _ each: (UInt16, ArraySlice<UInt8>) -> Void
    ) throws(NetlinkError) {
        sequence &+= 1
        var message = message
        message.finish(sequence: sequence)
        let sent = message.bytes.withUnsafeBytes { clinux_send(descriptor.raw, $0.baseAddress, $0.count, 0) }
        if sent < 0 { throw NetlinkError(errno: Self.errno(sent, "send"), request: request, words: "") }
        while true {
            let size = buffer.withUnsafeMutableBytes {
                clinux_receive(descriptor.raw, $0.baseAddress, $0.count, Int32(MSG_TRUNC))
            }
            if size == -Int(EINTR) { continue }
            if size < 0 { throw NetlinkError(errno: Self.errno(size, "recv"), request: request, words: "") }
            guard size <= buffer.count else {
                // The kernel never makes a part of a dump larger than the greatest buffer it was given.
                throw NetlinkError(errno: Errno(code: EMSGSIZE, call: "recv"), request: request, words: "")
            }
            if try parts(of: buffer[..<size], request, each) { return }
        }
    }

    /// Goes through one datagram; true when it ends the answer.
    private func parts(
        of datagram: ArraySlice<UInt8>, _ request: String, _ each: (UInt16, ArraySlice<UInt8>) -> Void
    ) throws(NetlinkError) -> Bool {
        var rest = datagram
        while let length = rest.word(at: 0), let type = rest.half(at: 4), let flags = rest.half(at: 6),
            let number = rest.word(at: 8), length >= 16, Int(length) <= rest.count
        {
            let body = rest[rest.startIndex + 16..<rest.startIndex + Int(length)]
            rest = rest.dropFirst((Int(length) + 3) & ~3)
            // An answer to a request that was given up before.
            guard number == sequence else { continue }
            switch type {
            case NLM.done: return true
            case NLM.error:
                let code = Int32(bitPattern: body.word(at: 0) ?? 0)
                guard code != 0 else { return true }
                throw NetlinkError(
                    errno: Errno(code: 0 &- code, call: "netlink"), request: request, words: Self.words(body, flags))
            default: each(type, body)
            }
        }
        return false
    }

    /// The kernel's words behind an error: the error number, the request (its header only when capped), attributes.
    private static func words(_ body: ArraySlice<UInt8>, _ flags: UInt16) -> String {
        guard flags & NLM.hasWords != 0, let length = body.word(at: 4) else { return "" }
        let skipped = 4 + (flags & NLM.isCapped != 0 ? 16 : (Int(length) + 3) & ~3)
        return NetlinkAttributes(body.dropFirst(skipped)).text(1) ?? ""
    }

    private static func errno(_ result: Int, _ call: StaticString) -> Errno {
        Errno(code: Int32(truncatingIfNeeded: 0 &- result), call: call)
    }
}

extension RouteSocket {
    /// A socket of the calling thread's network namespace.
    /// - Throws: `NetlinkError`.
    static func open(changes: Int? = nil) throws(NetlinkError) -> RouteSocket {
        do throws(Errno) { return try RouteSocket(changes: changes) } catch {
            throw NetlinkError(errno: error, request: "open a netlink socket", words: "")
        }
    }
}

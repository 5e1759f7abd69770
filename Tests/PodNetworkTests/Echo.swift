// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A TCP and a UDP server of both families in a namespace; each tells who asks by which address that one came.
final class Echo: Sendable {
    /// A transport.
    enum Transport: String, CaseIterable, Sendable { case tcp, udp }

    private let stop: EventFD
    private let ended: EventFD

    init(in namespace: NetworkNamespace, port: UInt16) throws {
        stop = try EventFD()
        ended = try EventFD()
        let (stopping, done) = (stop.raw, ended.raw)
        let sockets = try namespace.inside { () throws -> [Int32] in
            try Transport.allCases.map { transport in
                let kind = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
                let raw = socket(AF_INET6, Int32(kind.rawValue), 0)
                var on: Int32 = 1
                setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &on, 4)
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = port.bigEndian
                let bound = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                    }
                }
                try #require(bound == 0)
                if transport == .tcp { listen(raw, 16) }
                return raw
            }
        }
        _ = try OSThread(name: "echo") {
            Self.serve(sockets, until: stopping)
            for raw in sockets { close(raw) }
            EventFD.signal(done)
        }
    }

    deinit {
        stop.signal()
        var waited = pollfd(fd: ended.raw, events: Int16(POLLIN), revents: 0)
        poll(&waited, 1, -1)
    }

    private static func serve(_ sockets: [Int32], until stop: Int32) {
        var polled = (sockets + [stop]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while polled[2].revents == 0 {
            guard poll(&polled, 3, -1) >= 0 || errno == EINTR else { return }
            var peer = sockaddr_in6()
            var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            var buffer = [UInt8](repeating: 0, count: 2048)
            withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                    if polled[0].revents != 0 {
                        let raw = accept(sockets[0], peer, &size)
                        let text = Array(name(peer).utf8)
                        _ = write(raw, text, text.count)
                        close(raw)
                    }
                    if polled[1].revents != 0, recvfrom(sockets[1], &buffer, buffer.count, 0, peer, &size) >= 0 {
                        let text = Array(name(peer).utf8)
                        sendto(sockets[1], text, text.count, 0, peer, size)
                    }
                }
            }
        }
    }

    private static func name(_ peer: UnsafePointer<sockaddr>) -> String {
        var host = [CChar](repeating: 0, count: 128)
        let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        getnameinfo(peer, size, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
        let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    }

    /// Asks a server from a namespace; nil when it refuses or, after a minute, does not answer.
    static func ask(
        _ address: String, port: UInt16, _ transport: Transport, from namespace: NetworkNamespace
    ) throws -> String? {
        try namespace.inside { () throws -> String? in
            var hints = addrinfo()
            hints.ai_flags = AI_NUMERICHOST
            hints.ai_socktype = Int32((transport == .tcp ? SOCK_STREAM : SOCK_DGRAM).rawValue)
            var found: UnsafeMutablePointer<addrinfo>?
            try #require(getaddrinfo(address, "\(port)", &hints, &found) == 0)
            let target = try #require(found)
            defer { freeaddrinfo(found) }
            let raw = socket(target.pointee.ai_family, target.pointee.ai_socktype, 0)
            defer { close(raw) }
            // A datagram may be lost while a neighbour is looked for: asked again each second.
            var patience = timeval(tv_sec: transport == .tcp ? 60 : 1, tv_usec: 0)
            setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            guard connect(raw, target.pointee.ai_addr, target.pointee.ai_addrlen) == 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 256)
            for _ in 0..<60 {
                if transport == .udp { send(raw, "x", 1, Int32(MSG_NOSIGNAL)) }
                let count = recv(raw, &buffer, buffer.count, 0)
                if count > 0 { return String(decoding: buffer[..<count], as: UTF8.self) }
                if transport == .tcp || errno == ECONNREFUSED { return nil }
            }
            return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A DHCPv6 server of one address (RFC 8415): a function from what came in to what goes out.
struct DHCPv6Server: Equatable, Sendable {
    private typealias Option = DHCPv6Message.Option

    private enum Code {
        static let clientIdentifier: UInt16 = 1
        static let serverIdentifier: UInt16 = 2
        static let nonTemporary: UInt16 = 3
        static let temporary: UInt16 = 4
        static let address: UInt16 = 5
        static let status: UInt16 = 13
        static let rapidCommit: UInt16 = 14
        static let nameServers: UInt16 = 23
        static let searchDomains: UInt16 = 24
        static let prefixes: UInt16 = 25
    }

    private enum Status: UInt8 {
        case success = 0
        case noAddresses = 2
        case notOnLink = 4
        case noPrefixes = 6
    }

    private let guest: GuestConfiguration
    private let address: [UInt8]
    /// A DUID of the server's Ethernet address (§11.4), as KubeVirt's.
    private let identifier: [UInt8]

    /// A server for a guest; nil when the guest gets no IPv6 address from us.
    init?(_ guest: GuestConfiguration) {
        guard let ipv6 = guest.ipv6 else { return nil }
        self.guest = guest
        address = ipv6.address.bytes
        identifier = [0, 3, 0, 1] + guest.routerHardware
    }

    /// Answers a datagram; nil for what is not for us or has not what its type asks for (§16).
    func answer(_ datagram: [UInt8]) -> [UInt8]? {
        guard let request = DHCPv6Message(datagram) else { return nil }
        let client = request[Code.clientIdentifier]
        let server = request[Code.serverIdentifier]
        // A DUID has a type and at most 128 bytes behind it (§11.1).
        if let client, !(3...130).contains(client.count) { return nil }
        var reply = DHCPv6Message(.reply, transaction: request.transaction)
        if let client { reply.options.append(Option(code: Code.clientIdentifier, value: client)) }
        reply.options.append(Option(code: Code.serverIdentifier, value: identifier))
        switch request.kind {
        case .solicit:
            guard client != nil, server == nil else { return nil }
            if request[Code.rapidCommit] != nil {
                reply.options.append(Option(code: Code.rapidCommit, value: []))
            } else {
                reply.kind = .advertise
            }
            reply.options += leases(request)
        case .request, .renew:
            guard client != nil, server == identifier else { return nil }
            reply.options += leases(request)
        case .rebind:
            guard client != nil, server == nil else { return nil }
            reply.options += leases(request)
        case .confirm:
            guard client != nil, server == nil, let isOurs = holdsOnlyOurs(request) else { return nil }
            reply.options.append(Self.status(isOurs ? .success : .notOnLink))
        case .release, .decline:
            guard client != nil, server == identifier else { return nil }
            reply.options.append(Self.status(.success))
            return reply.encoded
        case .informationRequest:
            guard server == nil || server == identifier else { return nil }
        case .advertise, .reply: return nil
        }
        reply.options += resolver
        return reply.encoded
    }

    /// The answers to what the client wants to lease: the address for the first association, regrets for the others.
    private func leases(_ request: DHCPv6Message) -> [Option] {
        var answers: [Option] = []
        var isGiven = false
        for option in request.options {
            switch option.code {
            case Code.nonTemporary where option.value.count >= 12:
                let name = option.value.prefix(4)
                if isGiven {
                    answers.append(Self.refusal(option.code, name + [UInt8](repeating: 0, count: 8), .noAddresses))
                } else {
                    isGiven = true
                    answers.append(Option(code: option.code, value: association(Array(name), option.value)))
                }
            case Code.temporary where option.value.count >= 4:
                answers.append(Self.refusal(option.code, option.value.prefix(4), .noAddresses))
            case Code.prefixes where option.value.count >= 12:
                answers.append(
                    Self.refusal(option.code, option.value.prefix(4) + [UInt8](repeating: 0, count: 8), .noPrefixes))
            default: break
            }
        }
        return answers
    }

    /// An association with our address; another one that the client still has gets no time to live (§18.3.4).
    private func association(_ name: [UInt8], _ requested: [UInt8]) -> [UInt8] {
        let lifetime = Self.word(DHCPv4Server.leaseSeconds)
        var inner = [Option(code: Code.address, value: address + lifetime + lifetime)]
        for old in DHCPv6Message.options(requested.dropFirst(12)) ?? []
        where old.code == Code.address && old.value.count >= 24 && Array(old.value.prefix(16)) != address {
            // A reply is one datagram: a client that lists more has to lose the rest by itself.
            guard inner.count < 8 else { break }
            inner.append(
                Option(code: Code.address, value: old.value.prefix(16) + [UInt8](repeating: 0, count: 8)))
        }
        return name + Self.word(DHCPv4Server.leaseSeconds / 2) + Self.word(DHCPv4Server.leaseSeconds / 8 * 7)
            + DHCPv6Message.encode(inner)
    }

    /// Whether all addresses of a message are ours; nil when it has none.
    private func holdsOnlyOurs(_ request: DHCPv6Message) -> Bool? {
        let held = request.options.filter { $0.code == Code.nonTemporary && $0.value.count >= 12 }
            .flatMap { DHCPv6Message.options($0.value.dropFirst(12)) ?? [] }
            .filter { $0.code == Code.address && $0.value.count >= 24 }
        return held.isEmpty ? nil : held.allSatisfy { Array($0.value.prefix(16)) == address }
    }

    private var resolver: [Option] {
        var options: [Option] = []
        let servers = guest.resolver.ipv6.flatMap(\.bytes)
        if !servers.isEmpty { options.append(Option(code: Code.nameServers, value: servers)) }
        let domains = guest.resolver.encodedDomains
        if !domains.isEmpty { options.append(Option(code: Code.searchDomains, value: domains)) }
        return options
    }

    private static func refusal(_ code: UInt16, _ head: some Sequence<UInt8>, _ status: Status) -> Option {
        Option(code: code, value: Array(head) + DHCPv6Message.encode([Self.status(status)]))
    }

    private static func status(_ status: Status) -> Option { Option(code: Code.status, value: [0, status.rawValue]) }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
}

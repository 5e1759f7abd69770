// SPDX-License-Identifier: Apache-2.0

import Glibc
import VMISpec

/// Where a probe of the network goes.
struct ProbeTarget: Equatable {
    /// The address as it was written.
    let host: String
    let port: UInt16

    /// Where a probe goes, or nil for one that does not go by the network.
    /// - Parameters:
    ///   - guest: the guest's address, for a probe that names no host.
    ///   - field: the probe's path in the manifest.
    /// - Throws: `SupervisorError` when it names what cannot be reached from here.
    init?(
        _ handler: ProbeSpec.Handler?, guest: String?, interfaces: [InterfaceSpec], field: String
    ) throws(SupervisorError) {
        let kind: String
        let named: (port: ProbeSpec.Port, host: String?)
        switch handler {
        case .httpGet(_, let port, let host, let scheme):
            kind = "httpGet"
            named = (port, host)
            guard scheme.uppercased() == "HTTP" else {
                throw SupervisorError(
                    "\(field).httpGet.scheme", "only HTTP is spoken; set HTTP, or use tcpSocket on the same port")
            }
        case .tcpSocket(let port, let host):
            kind = "tcpSocket"
            named = (port, host)
        case .exec, .guestAgentPing, nil: return nil
        }
        switch named.port {
        case .number(let number): port = number
        case .name(let name):
            let ports = interfaces.flatMap(\.ports)
            guard let found = ports.first(where: { $0.name == name }), let number = UInt16(exactly: found.port) else {
                throw SupervisorError(
                    "\(field).\(kind).port", "no interface has a port called \(name); give its number")
            }
            port = number
        }
        guard let host = named.host ?? guest else {
            throw SupervisorError(
                "\(field).\(kind).host",
                "is required where the guest's address is not known; give it, or pass --guest-address ADDRESS")
        }
        guard Self.address(host, 1) != nil else {
            throw SupervisorError("\(field).\(kind).host", "must be an IP address, as names are not looked up")
        }
        self.host = host
        if port == 0 { throw SupervisorError("\(field).\(kind).port", "must be at least 1") }
    }

    /// A socket address as the kernel takes it.
    static func address(_ host: String, _ port: UInt16) -> (family: Int32, bytes: [UInt8])? {
        var four = sockaddr_in()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            return (AF_INET, withUnsafeBytes(of: &four) { Array($0) })
        }
        var six = sockaddr_in6()
        if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            return (AF_INET6, withUnsafeBytes(of: &six) { Array($0) })
        }
        return nil
    }
}

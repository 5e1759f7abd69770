// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc
import Linux
import VMISpec

/// What this process finds in its network namespace, and what it may do there.
public struct PodNetworkFacts: Equatable, Sendable {
    /// The devices with their addresses and routes.
    public var links: [PodLink]
    /// How names are resolved.
    public var resolver: ResolverConfiguration
    /// Tells this network namespace from every other.
    public var namespace: UInt64
    /// The user that this process acts as.
    public var user: UInt32
    /// Whether this process may make and change devices (CAP_NET_ADMIN).
    public var mayAdminister: Bool
    /// Whether this process may serve ports below 1024 (CAP_NET_BIND_SERVICE, or a lowered first port).
    public var mayServe: Bool

    /// Facts that were found elsewhere.
    public init(
        links: [PodLink], resolver: ResolverConfiguration = ResolverConfiguration(parsing: ""), namespace: UInt64 = 0,
        user: UInt32 = 107, mayAdminister: Bool = false, mayServe: Bool = true
    ) {
        self.links = links
        self.resolver = resolver
        self.namespace = namespace
        self.user = user
        self.mayAdminister = mayAdminister
        self.mayServe = mayServe
    }

    /// The facts of the calling thread's network namespace.
    /// - Parameter resolverFile: the pod's `resolv.conf`; one that is not there says nothing.
    /// - Throws: `NetworkError` when the kernel does not tell.
    public static func read(resolverFile: String = "/etc/resolv.conf") throws(NetworkError) -> PodNetworkFacts {
        let links: [PodLink]
        do throws(NetlinkError) {
            var socket = try RouteSocket.open()
            links = try socket.links()
        } catch {
            throw NetworkError("spec.networks", "the pod's network devices are not told: \(error)")
        }
        let capabilities = clinux_effective_capabilities()
        let text = Self.text(resolverFile) ?? ""
        let firstFree = Self.text("/proc/sys/net/ipv4/ip_unprivileged_port_start").flatMap { UInt16($0) } ?? 1024
        return PodNetworkFacts(
            links: links, resolver: ResolverConfiguration(parsing: text), namespace: clinux_network_namespace(),
            user: geteuid(), mayAdminister: capabilities >> 12 & 1 == 1,
            mayServe: capabilities >> 10 & 1 == 1 || firstFree <= 67)
    }

    /// The device of a name.
    public func link(_ name: String) -> PodLink? { links.first { $0.name == name } }

    /// A small file's text without the line end that closes it.
    static func text(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY), let bytes = try? file.readAll(limit: 1 << 20) else {
            return nil
        }
        return String(decoding: bytes[..<(bytes.lastIndex { $0 != 0x0A }.map { $0 + 1 } ?? 0)], as: UTF8.self)
    }
}

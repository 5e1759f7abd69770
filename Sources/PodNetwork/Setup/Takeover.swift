// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc
import Linux
import VMISpec

/// The devices and rules of one attachment, made by this process: the counterpart of `Undo`.
struct Takeover: ~Copyable {
    private let attachment: Attachment
    private let names: PodInterfaceNames
    private let pod: PodLink
    private let queuePairs: Int
    private var socket: RouteSocket

    /// What was made.
    struct Result {
        let taps: TapQueues
        let bridge: UInt32
        let router: RouterPort?
    }

    private init(
        _ attachment: Attachment, _ names: PodInterfaceNames, _ pod: PodLink, queuePairs: Int, changes: Int?
    ) throws(NetlinkError) {
        self.attachment = attachment
        self.names = names
        self.pod = pod
        self.queuePairs = queuePairs
        socket = try RouteSocket.open(changes: changes)
    }

    /// What is to be written down before `make`.
    static func entry(_ attachment: Attachment, _ names: PodInterfaceNames, _ pod: PodLink) -> NetworkJournal.Entry {
        var settings: [String: String] = [:]
        if attachment.kind == .masquerade, attachment.guest?.ipv6 != nil {
            for path in [Self.forwarding, Self.acceptance(of: pod.name)] {
                settings[path] = PodNetworkFacts.text(path)
            }
        }
        return NetworkJournal.Entry(
            names: names, isMasquerade: attachment.kind == .masquerade, index: pod.index,
            hardwareAddress: pod.hardwareAddress, wasUp: pod.isUp, forwardsIPv4: pod.forwardsIPv4,
            addressGeneration: pod.addressGeneration, addresses: pod.savedAddresses, routes: pod.savedRoutes,
            settings: settings)
    }

    /// Makes everything.
    /// - Parameter changes: stops after so many changes; nil for none.
    /// - Throws: `NetworkError`; what was made until then is in the journal.
    static func run(
        _ attachment: Attachment, _ names: PodInterfaceNames, _ pod: PodLink, queuePairs: Int, changes: Int? = nil
    ) throws(NetworkError) -> Result {
        do throws(NetlinkError) {
            var takeover = try Takeover(attachment, names, pod, queuePairs: queuePairs, changes: changes)
            return attachment.kind == .masquerade ? try takeover.makeMasquerade() : try takeover.makeBridge()
        } catch {
            let remedy =
                switch error.errno.code {
                case EPERM, EACCES: "give the container the capability NET_ADMIN and the device /dev/net/tun"
                case EROFS: "set it in the pod's securityContext.sysctls"
                case EOPNOTSUPP: "load the kernel module for it on the host"
                case ENOENT, ENODEV, ENXIO: "give the container the device /dev/net/tun"
                default: "check the pod's network"
                }
            throw NetworkError(attachment.field, "\(error); \(remedy)")
        }
    }

    // MARK: Masquerade

    private mutating func makeMasquerade() throws(NetlinkError) -> Result {
        try socket.make(
            "bridge", names.bridge, LinkChange(hardwareAddress: Attachment.masqueradeBridge, mtu: pod.mtu))
        let bridge = try index(of: names.bridge)
        var settings: [(IPv4Setting, UInt32)] = []
        if attachment.guest?.ipv4 != nil {
            // By netlink rather than /proc/sys, which containers have read-only.
            settings = [(.forwarding, 1), (.routeLocalNet, 1)]
            try socket.set(pod.index, called: pod.name, LinkChange(ipv4: [(.forwarding, 1)]))
        }
        try socket.set(
            bridge, called: names.bridge,
            LinkChange(ipv4: settings, addressGeneration: attachment.guest?.ipv6 == nil ? nil : LinkChange.noOwnIPv6))
        if let ipv6 = attachment.guest?.ipv6 {
            try allowIPv6()
            if let local = IPPrefix(bytes: ipv6.router.bytes, length: 64) {
                try socket.add(local, to: bridge, called: names.bridge)
            }
        }
        for address in attachment.bridgeAddresses { try socket.add(address, to: bridge, called: names.bridge) }
        if let problem = NftCommand.run(MasqueradeRules(attachment).text) {
            throw NetlinkError(
                errno: Errno(code: EIO, call: "nft"), request: "set up address translation", words: problem)
        }
        let taps = try makeTap(on: bridge)
        let router = try makeRouterPort(on: bridge)
        try socket.set(bridge, called: names.bridge, LinkChange(isUp: true))
        return Result(taps: taps, bridge: bridge, router: router)
    }

    private static let forwarding = "/proc/sys/net/ipv6/conf/all/forwarding"
    private static func acceptance(of name: String) -> String { "/proc/sys/net/ipv6/conf/\(name)/accept_ra" }

    /// IPv6 forwards for all devices or none, and netlink cannot say so.
    private func allowIPv6() throws(NetlinkError) {
        try Self.set("/proc/sys/net/ipv6/conf/\(names.bridge)/disable_ipv6", "0")
        // A pod that forwards would forget the router it learnt of by advertisements.
        if PodNetworkFacts.text(Self.acceptance(of: pod.name)) == "1" {
            try? Self.set(Self.acceptance(of: pod.name), "2")
        }
        try Self.set(Self.forwarding, "1")
    }

    // MARK: Bridge

    private mutating func makeBridge() throws(NetlinkError) -> Result {
        let hardware = try Self.randomHardware()
        try socket.set(pod.index, called: pod.name, LinkChange(isUp: false))
        for address in pod.savedAddresses {
            // Those of IPv6 went away when the device was switched off.
            try? socket.replay(address, RTM.deleteAddress, to: "take an address from \(pod.name)")
        }
        try socket.set(
            pod.index, called: pod.name,
            LinkChange(name: names.port, hardwareAddress: hardware, addressGeneration: LinkChange.noOwnIPv6))
        try makeStandIn()
        try socket.make("bridge", names.bridge, LinkChange(hardwareAddress: hardware, mtu: pod.mtu))
        let bridge = try index(of: names.bridge)
        // The pod's address lives on in the stand-in, but only the guest may answer for it.
        try socket.set(
            bridge, called: names.bridge,
            LinkChange(ipv4: [(.arpIgnore, 1)], addressGeneration: LinkChange.noOwnIPv6))
        for address in attachment.bridgeAddresses { try socket.add(address, to: bridge, called: names.bridge) }
        let taps = try makeTap(on: bridge)
        try socket.set(pod.index, called: names.port, LinkChange(bridge: bridge, isUp: true))
        try socket.setPort(pod.index, called: names.port, PortChange())
        try socket.set(bridge, called: names.bridge, LinkChange(isUp: true))
        return Result(taps: taps, bridge: bridge, router: nil)
    }

    /// A device that keeps the pod interface's name, addresses and Ethernet address, which the pod's runtime looks for.
    private mutating func makeStandIn() throws(NetlinkError) {
        let change = LinkChange(hardwareAddress: pod.hardwareAddress, mtu: pod.mtu)
        do throws(NetlinkError) { try socket.make("dummy", pod.name, change) } catch {
            // A bridge without ports does as well, on kernels without the module `dummy`.
            guard error.errno.code == EOPNOTSUPP else { throw error }
            try socket.make("bridge", pod.name, change)
        }
        let index = try index(of: pod.name)
        try socket.set(
            index, called: pod.name, LinkChange(isUp: true, addressGeneration: LinkChange.noOwnIPv6))
        for (address, saved) in zip(pod.addresses, pod.savedAddresses) where address.isIPv4 {
            try socket.replay(saved, RTM.newAddress, index: index, to: "give \(pod.name) the address \(address)")
        }
        for address in pod.addresses where address.ipv6?.isGlobalUnicast == true {
            try? socket.add(address, to: index, called: pod.name)
        }
    }

    // MARK: Taps

    private mutating func makeTap(on bridge: UInt32) throws(NetlinkError) -> TapQueues {
        let taps = TapQueues()
        do throws(Errno) {
            for pair in 0..<max(queuePairs, 1) {
                try taps.attach(names.tap, isMultiQueue: queuePairs > 1, isNew: pair == 0)
            }
        } catch {
            throw NetlinkError(errno: error, request: "make the tap \(names.tap)", words: "")
        }
        try socket.set(
            try index(of: names.tap), called: names.tap,
            LinkChange(mtu: pod.mtu, bridge: bridge, isUp: true, addressGeneration: LinkChange.noOwnIPv6))
        return taps
    }

    private mutating func makeRouterPort(on bridge: UInt32) throws(NetlinkError) -> RouterPort? {
        guard let guest = attachment.guest, guest.ipv6 != nil else { return nil }
        let file: FileDescriptor
        do throws(Errno) { file = try TapQueues.makeRouterPort(names.router) } catch {
            throw NetlinkError(errno: error, request: "make the tap \(names.router)", words: "")
        }
        let hardware = try Self.randomHardware()
        let index = try index(of: names.router)
        try socket.set(
            index, called: names.router,
            LinkChange(
                hardwareAddress: hardware, mtu: pod.mtu, bridge: bridge, isUp: true,
                addressGeneration: LinkChange.noOwnIPv6))
        try socket.setPort(
            index, called: names.router, PortChange(takesUnknown: false, takesBroadcast: false, isIsolated: true))
        guard let advertisement = RouterAdvertisement(guest, sender: hardware) else { return nil }
        return RouterPort(file, advertisement)
    }

    private mutating func index(of name: String) throws(NetlinkError) -> UInt32 {
        let index = if_nametoindex(name)
        guard index != 0 else { throw Self.failure(ENODEV, "find \(name)") }
        return index
    }

    private static func randomHardware() throws(NetlinkError) -> [UInt8] {
        var bits: UInt64 = 0
        do throws(Errno) {
            try withUnsafeMutableBytes(of: &bits) { (p) throws(Errno) in try Random.fill(p) }
        } catch {
            throw NetlinkError(errno: error, request: "choose an Ethernet address", words: "")
        }
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        bytes[0] = bytes[0] & 0xFC | 2
        return bytes
    }

    /// Writes a file of /proc/sys unless it says so already.
    private static func set(_ path: String, _ value: String) throws(NetlinkError) {
        if PodNetworkFacts.text(path) == value { return }
        do throws(Errno) {
            let file = try FileDescriptor.open(path, O_WRONLY)
            try file.writeAll(Array("\(value)\n".utf8))
        } catch {
            let name = path.dropFirst("/proc/sys/".count).split(separator: "/").joined(separator: ".")
            throw NetlinkError(errno: error, request: "set \(name)=\(value)", words: "")
        }
    }

    private static func failure(_ code: Int32, _ request: String) -> NetlinkError {
        NetlinkError(errno: Errno(code: code, call: "netlink"), request: request, words: "")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import PodNetwork

/// Three network namespaces: a pod with `eth0`, the world it is wired to, and a guest; and a folder for their files.
final class PodRig: Sendable {
    let pod: NetworkNamespace
    let outside: NetworkNamespace
    let guest: NetworkNamespace
    let folder: String

    static let podAddresses = ["10.244.7.5", "fd00:10:244::5"]
    static let outsideAddresses = ["10.244.7.1", "fd00:10:244::1"]
    static let podHardware: [UInt8] = [0x0A, 0x58, 0x0A, 0xF4, 7, 5]

    init(mtu: Int = 1450, ipv6: Bool = true) throws {
        pod = try NetworkNamespace()
        outside = try NetworkNamespace()
        guest = try NetworkNamespace()
        var template = Array("/tmp/apus-podnet-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        try outside.shell("ip link add out0 mtu \(mtu) type veth peer name eth0 mtu \(mtu) netns \(pod.path)")
        try outside.shell(
            """
            ip addr add 10.244.7.1/24 dev out0 && ip addr add fd00:10:244::1/64 dev out0 nodad && ip link set out0 up
            """)
        try pod.shell(
            """
            ip link set eth0 address 0a:58:0a:f4:07:05 && ip addr add 10.244.7.5/24 dev eth0 && ip link set eth0 up &&
            ip route add default via 10.244.7.1 && ip route add 10.96.0.0/12 via 10.244.7.1 dev eth0
            """)
        if ipv6 {
            try pod.shell("ip addr add fd00:10:244::5/64 dev eth0 nodad && ip -6 route add default via fd00:10:244::1")
        }
        try write(
            "resolv.conf",
            """
            # the kubelet's
            nameserver 10.96.0.10
            nameserver fd00:10:96::a
            nameserver 127.0.0.53
            search default.svc.cluster.local svc.cluster.local cluster.local
            options ndots:5
            """)
        for name in ["journal", "cache"] { mkdir("\(folder)/\(name)", 0o755) }
    }

    deinit { _ = try? guest.attempt("rm -rf \(folder)") }

    /// Options that keep to this rig's folder.
    func options(_ mode: PodNetworkOptions.Mode, queuePairs: Int = 1, taps: [String: String] = [:]) -> PodNetworkOptions
    {
        PodNetworkOptions(
            mode: mode, queuePairs: queuePairs, taps: taps, journalDirectory: "\(folder)/journal",
            cacheDirectory: "\(folder)/cache", resolverFile: "\(folder)/resolv.conf")
    }

    func write(_ name: String, _ text: String) throws {
        try FileDescriptor.open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            .writeAll(Array(text.utf8))
    }

    /// A file's text, or nothing where it is not there.
    func read(_ name: String) -> String {
        (try? FileDescriptor.open("\(folder)/\(name)", O_RDONLY).readAll(limit: 1 << 20))
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Wires a pod's tap to the guest's card.
    func wire(_ running: RunningPod, _ interface: Int = 0) throws -> Wire {
        let connected = running.interfaces[interface]
        return try Wire(
            running.queue(interface), to: guest, hardwareAddress: connected.hardwareAddress, mtu: connected.mtu)
    }

    /// Runs a DHCP client in the guest, with an /etc of its own that is left in the folder `etc`.
    @discardableResult
    func client(_ line: String) throws -> String {
        try guest.shell(
            """
            [ -d \(folder)/etc ] || cp -a /etc \(folder)/etc; rm -f \(folder)/etc/resolv.conf
            exec unshare -m --propagation private sh -c '
            mount --bind \(folder)/etc /etc && mount -t tmpfs run /run && mount -t tmpfs lib /var/lib/dhcp && \(line)'
            """)
    }

    /// Everything in the pod that a run may change: devices, addresses, routes, rules, and how it forwards.
    func state() throws -> Set<Substring> {
        let text = try pod.shell(
            """
            while ip addr | grep -q tentative; do sleep 0.1; done
            ip -o link | sed 's/ qlen.*//; s/@if[0-9]*//' | sort; ip -o addr | sort; ip route | sort
            ip -6 route | sort; nft list ruleset; cd /proc/sys/net
            grep . ipv4/conf/eth0/forwarding ipv6/conf/all/forwarding ipv6/conf/eth0/accept_ra
            ip -d -o link show eth0 | grep -o 'addrgenmode [a-z0-9]*'; ls \(folder)/journal
            """)
        return Set(text.split(separator: "\n"))
    }

    /// What is different from an earlier state, line by line.
    func changes(since before: Set<Substring>) throws -> [String] {
        let after = try state()
        return before.subtracting(after).map { "- \($0)" }.sorted()
            + after.subtracting(before).map { "+ \($0)" }.sorted()
    }
}

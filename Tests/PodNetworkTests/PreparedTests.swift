// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Testing
import VMISpec

@testable import PodNetwork

extension InNamespaces {
    @Suite("Devices that a node agent prepared")
    struct Prepared {
        /// What KubeVirt's node agent leaves behind for masquerade.
        static let masquerade = """
            ip link add k6t-eth0 address 02:00:00:00:00:00 mtu 1450 type bridge && ip addr add 10.0.2.1/24 dev k6t-eth0 &&
            ip addr add fd10:0:2::1/120 dev k6t-eth0 nodad && ip link set k6t-eth0 up &&
            ip tuntap add tap0 mode tap user 107 group 107 vnet_hdr && ip link set tap0 mtu 1450 master k6t-eth0 up
            """

        @Test("serve a guest of user 107 with no capability but NET_BIND_SERVICE")
        func unprivileged() throws {
            let rig = try PodRig()
            try rig.pod.shell(Self.masquerade)
            let before = try rig.state()
            let running = try RunningPod(
                try Manifest.onPod("masquerade"), in: rig.pod, rig.options(.prepared), asUser: 107)
            #expect(running.interfaces[0].mtu == 1450)
            #expect(!running.interfaces[0].advertisesRouter)
            let wire = try rig.wire(running)
            try rig.client("dhclient -4 -1 -v -pf /run/c eth0 && kill $(cat /run/c)")
            #expect(try rig.guest.shell("ip -4 -o addr show eth0").contains("10.0.2.2/24"))
            try rig.guest.shell(
                "until ip -6 addr show dev eth0 scope link -tentative | grep -q fe80; do sleep 0.1; done")
            try rig.client("dhclient -6 -1 -v -pf /run/c eth0 && kill $(cat /run/c)")
            #expect(try rig.guest.shell("ip -6 -o addr show eth0").contains("fd10:0:2::2/"))
            withExtendedLifetime(wire) {}
            #expect(running.end() == [])
            #expect(try rig.changes(since: before) == [])
        }

        @Test("of a bridged guest come with what the agent learnt of the pod")
        func bridge() throws {
            let rig = try PodRig()
            try rig.pod.shell(
                """
                ip link set eth0 down && ip addr flush dev eth0 && ip link set eth0 name eth0-nic &&
                ip link set eth0-nic address 02:de:ad:be:ef:01 && ip link add k6t-eth0 address 02:de:ad:be:ef:01 type bridge &&
                ip link set eth0-nic master k6t-eth0 up && ip link add eth0 mtu 1450 address 0a:58:0a:f4:07:05 type bridge &&
                ip addr add 10.244.7.5/24 dev eth0 && ip link set eth0 up && echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore &&
                ip tuntap add tap0 mode tap user 107 vnet_hdr && ip link set tap0 mtu 1450 master k6t-eth0 up &&
                ip addr add 169.254.75.10/32 dev k6t-eth0 && ip link set k6t-eth0 up
                """)
            // As Go writes it.
            try rig.write(
                "cache/vif-cache-eth0.json",
                """
                {"Name": "eth0", "IP": {"IP": "10.244.7.5", "Mask": "////AA==", "Label": "", "Flags": 0, "Scope": 0,
                 "Peer": null, "Broadcast": null, "PreferedLft": 0, "ValidLft": 0, "LinkIndex": 0},
                 "IPv6": {"Label": "", "Flags": 0, "Scope": 0, "Peer": null, "Broadcast": null}, "MAC": "ClgK9AcF",
                 "AdvertisingIPAddr": "", "AdvertisingIPv6Addr": "", "Routes": [{"LinkIndex": 0, "Dst": null, "Src": "",
                 "Gw": "10.244.7.1"}, {"Dst": {"IP": "10.96.0.0", "Mask": "//AAAA=="}, "Gw": "10.244.7.1"}],
                 "Mtu": 1450, "IPAMDisabled": false, "Gateway": "10.244.7.1", "Subdomain": ""}
                """)
            let running = try RunningPod(try Manifest.onPod("bridge"), in: rig.pod, rig.options(.prepared), asUser: 107)
            #expect(running.interfaces[0].hardwareAddress == PodRig.podHardware)
            let wire = try rig.wire(running)
            try rig.client("dhclient -4 -1 -v -pf /run/c eth0 && kill $(cat /run/c)")
            #expect(try rig.guest.shell("ip -4 -o addr show eth0").contains("10.244.7.5/24"))
            #expect(try rig.guest.shell("ip route").contains("default via 10.244.7.1"))
            let world = try Echo(in: rig.outside, port: 7000)
            #expect(
                try Echo.ask(PodRig.outsideAddresses[0], port: 7000, .tcp, from: rig.guest) == PodRig.podAddresses[0])
            withExtendedLifetime((wire, world)) {}
        }

        @Test("have a queue for each pair of the guest's")
        func queues() throws {
            let rig = try PodRig()
            try rig.pod.shell(Self.masquerade.replacing("vnet_hdr", with: "vnet_hdr multi_queue"))
            let running = try RunningPod(
                try Manifest.onPod("masquerade"), in: rig.pod, rig.options(.prepared, queuePairs: 4), asUser: 107)
            #expect(running.interfaces[0].queuePairs == 4)
            #expect(try rig.pod.shell("ip -d link show tap0").contains("numqueues 4"))
            running.end()
            let own = try PodRig()
            let made = try RunningPod(
                try Manifest.onPod("masquerade"), in: own.pod, own.options(.own, queuePairs: 3))
            #expect(try own.pod.shell("ip -d link show tap0").contains("numqueues 3"))
            made.end()
        }

        @Test(
            "are refused in one line with the field and the remedy",
            arguments: [
                ("", "there is no tap device tap0"),
                ("ip link add tap0 type bridge", "tap0 is not a tap device"),
                ("ip tuntap add tap0 mode tap", "is not on the bridge k6t-eth0; put it there: ip link set tap0 master"),
                (
                    masquerade.replacing("user 107 group 107", with: "user 108"),
                    "belongs to user 108 and this is user 107"
                ),
                ("ip link set eth0 name other0", "has no interface eth0 in this pod"),
                ("ip addr flush dev eth0", "eth0 has no address that others reach"),
            ])
        func refusals(_ preparation: String, _ says: String) throws {
            let rig = try PodRig()
            if !preparation.isEmpty { try rig.pod.shell(preparation) }
            let error = #expect(throws: NetworkError.self) {
                try RunningPod(try Manifest.onPod("masquerade"), in: rig.pod, rig.options(.prepared), asUser: 107)
            }
            let line = "\(try #require(error))"
            #expect(line.hasPrefix("spec.domain.devices.interfaces[0]: "))
            #expect(line.contains(says), "\(line)")
            #expect(!line.contains("\n"))
        }

        @Test("are refused when somebody uses them, or with too few queues, or without the port's capability")
        func taken() throws {
            let rig = try PodRig()
            try rig.pod.shell(Self.masquerade)
            let instance = try Manifest.onPod("masquerade")
            let first = try RunningPod(instance, in: rig.pod, rig.options(.prepared), asUser: 107)
            for (options, keepsPorts, says) in [
                (rig.options(.prepared), true, "tap0 is in use by another process"),
                (rig.options(.prepared, queuePairs: 2), true, "has a single queue and 2 are needed"),
                (rig.options(.prepared), false, "give the container the capability NET_BIND_SERVICE"),
                (rig.options(.own), true, "without the capability NET_ADMIN"),
            ] {
                let error = #expect(throws: NetworkError.self) {
                    try RunningPod(instance, in: rig.pod, options, asUser: 107, keepsPorts: keepsPorts)
                }
                #expect(error.map { "\($0)".contains(says) } == true, "\(error.map { "\($0)" } ?? "nothing")")
            }
            first.end()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import PodNetwork

extension InNamespaces {
    @Suite("A guest with the pod's own address")
    struct Bridge {
        @Test(
            "gets the pod's address, Ethernet address and routes, and leaves the pod as it was",
            arguments: [true, false])
        func everything(ipv6: Bool) throws {
            let rig = try PodRig(ipv6: ipv6)
            let before = try rig.state()
            let running = try RunningPod(
                try Manifest.onPod(
                    "bridge",
                    #""dhcpOptions": {"bootFileName": "pxe.0", "tftpServerName": "boot", "ntpServers": ["10.0.0.9"],"#
                        + #""privateOptions": [{"option": 240, "value": "extra"}]}"#),
                in: rig.pod, rig.options(.own))
            let connected = running.interfaces[0]
            #expect(connected.hardwareAddress == PodRig.podHardware)
            #expect(connected.addresses == [PodRig.podAddresses[0]])
            let wire = try rig.wire(running)
            // The pod keeps its address for its runtime, and its card has become somebody else.
            #expect(try rig.pod.shell("ip -o addr show eth0").contains("10.244.7.5/24"))
            #expect(try !rig.pod.shell("ip link show eth0-nic").contains("0a:58:0a:f4:07:05"))

            try rig.client("dhclient -4 -1 -v -pf /run/c eth0 && kill $(cat /run/c) && cp /var/lib/dhcp/dhclient.leases \(rig.folder)/leases")
            #expect(try rig.guest.shell("ip -4 -o addr show eth0").contains("10.244.7.5/24"))
            let routes = try rig.guest.shell("ip route")
            #expect(routes.contains("default via 10.244.7.1"), "\(routes)")
            #expect(routes.contains("10.96.0.0/12 via 10.244.7.1"), "\(routes)")
            let leases = rig.read("leases")
            for line in [
                "option dhcp-server-identifier 169.254.75.10", "option host-name \"guest\"",
                "option domain-name \"default.svc.cluster.local\"", "option ntp-servers 10.0.0.9",
            ] {
                #expect(leases.contains(line), "\(leases)")
            }
            let world = try Echo(in: rig.outside, port: 7000)
            let inGuest = try Echo(in: rig.guest, port: 80)
            for transport in Echo.Transport.allCases {
                let outside = PodRig.outsideAddresses[0]
                #expect(try Echo.ask(outside, port: 7000, transport, from: rig.guest) == PodRig.podAddresses[0])
                #expect(try Echo.ask(PodRig.podAddresses[0], port: 80, transport, from: rig.outside) == outside)
            }
            // The guest's IPv6 is the link's own business: it reaches whom it shares the link with.
            try rig.guest.shell("ip addr add fd00:10:244::77/64 dev eth0 nodad")
            #expect(try Echo.ask(PodRig.outsideAddresses[1], port: 7000, .tcp, from: rig.guest) == "fd00:10:244::77")
            withExtendedLifetime((wire, inGuest)) {}
            #expect(running.end() == [])
            #expect(try rig.changes(since: before) == [])
            #expect(try Echo.ask(PodRig.outsideAddresses[0], port: 7000, .tcp, from: rig.pod) == PodRig.podAddresses[0])
            withExtendedLifetime(world) {}
        }

        @Test(
            "shares the pod with guests' interfaces on secondary networks, hashed or by number",
            arguments: [false, true])
        func secondary(isOrdinal: Bool) throws {
            let rig = try PodRig()
            let names = isOrdinal ? ["net1", "net2"] : ["podb1f51a511f1", PodInterfaceNames.hashed("blue")]
            for (place, name) in names.enumerated() {
                try rig.outside.shell(
                    """
                    ip link add o\(place) type veth peer name \(name) netns \(rig.pod.path) && ip link set o\(place) up &&
                    ip addr add 192.168.\(place).1/24 dev o\(place)
                    """)
                try rig.pod.shell("ip link set \(name) up")
            }
            // The first has an address of its network's, the second none.
            try rig.pod.shell("ip addr add 192.168.0.9/24 dev \(names[0])")
            let before = try rig.state()
            let instance = try Manifest.instance(
                interfaces: """
                    [{"name": "default", "masquerade": {}}, {"name": "red", "bridge": {}},
                     {"name": "blue", "bridge": {}, "macAddress": "02:11:22:33:44:55"}]
                    """,
                networks: """
                    [{"name": "default", "pod": {}}, {"name": "red", "multus": {"networkName": "a"}},
                     {"name": "blue", "multus": {"networkName": "b"}}]
                    """)
            let running = try RunningPod(instance, in: rig.pod, rig.options(.own))
            #expect(running.interfaces.map(\.podInterface) == ["eth0", names[0], names[1]])
            #expect(running.interfaces.map(\.addresses) == [PodRig.podAddresses, ["192.168.0.9"], []])
            #expect(running.interfaces[2].hardwareAddress == [2, 0x11, 0x22, 0x33, 0x44, 0x55])
            let wire = try rig.wire(running, 1)
            try rig.client("dhclient -4 -1 -v -pf /run/c eth0 && kill $(cat /run/c)")
            #expect(try rig.guest.shell("ip -4 -o addr show eth0").contains("192.168.0.9/24"))
            #expect(try !rig.guest.shell("ip route").contains("default"))
            let world = try Echo(in: rig.outside, port: 7000)
            #expect(try Echo.ask("192.168.0.1", port: 7000, .udp, from: rig.guest) == "192.168.0.9")
            withExtendedLifetime((wire, world)) {}
            #expect(running.end() == [])
            #expect(try rig.changes(since: before) == [])
        }
    }
}

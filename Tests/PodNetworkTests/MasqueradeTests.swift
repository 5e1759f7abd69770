// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import PodNetwork

extension InNamespaces {
    @Suite("A guest behind the pod's address")
    struct Masquerade {
        @Test("gets its addresses, routes and names from us by dhclient, and all traffic passes both ways")
        func everything() throws {
            let rig = try PodRig()
            let before = try rig.state()
            let running = try RunningPod(
                try Manifest.onPod("masquerade", more: #""hostname": "vm", "subdomain": "sub","#), in: rig.pod,
                rig.options(.own))
            let wire = try rig.wire(running)
            #expect(running.interfaces[0].addresses == PodRig.podAddresses)
            #expect(running.interfaces[0].mtu == 1450)
            #expect(running.interfaces[0].advertisesRouter)

            try rig.dhclient(4)
            #expect(try rig.guest.shell("ip -4 -o addr show eth0").contains("10.0.2.2/24"))
            #expect(try rig.guest.shell("ip route").contains("default via 10.0.2.1"))
            #expect(try rig.guest.shell("ip link show eth0").contains("mtu 1450"))
            let names = rig.read("etc/resolv.conf")
            #expect(names.contains("nameserver 10.96.0.10"))
            #expect(!names.contains("127.0.0.53"))
            #expect(names.contains("search sub.default.svc.cluster.local. default.svc.cluster.local."), "\(names)")

            try rig.guest.shell(
                "until ip -6 addr show dev eth0 scope link -tentative | grep -q fe80; do sleep 0.1; done")
            try rig.dhclient(6)
            try rig.guest.shell("while ip addr | grep -q tentative; do sleep 0.1; done")
            #expect(try rig.guest.shell("ip -6 -o addr show eth0").contains("fd10:0:2::2/"))
            let routes = try Self.eventually("the advertised router") {
                let routes = try rig.guest.shell("ip -6 route")
                return routes.contains("default via fe80::ff:fe00:0 dev eth0 proto ra") ? routes : nil
            }
            #expect(routes.contains("fd10:0:2::/120 dev eth0"))
            #expect(rig.read("etc/resolv.conf").contains("nameserver fd00:10:96::a"))

            try traffic(rig, ports: nil)
            withExtendedLifetime(wire) {}
            #expect(running.end() == [])
            #expect(try rig.changes(since: before) == [])
        }

        /// Out of the guest, to it by the pod's addresses, and to it by the pod's loopback; on all ports or one.
        private func traffic(_ rig: PodRig, ports: [UInt16]?) throws {
            let world = try Echo(in: rig.outside, port: 7000)
            let inGuest = try Echo(in: rig.guest, port: 80)
            let closed = try Echo(in: rig.guest, port: 81)
            for transport in Echo.Transport.allCases {
                for (family, outside) in PodRig.outsideAddresses.enumerated() {
                    let pod = PodRig.podAddresses[family]
                    let label = "\(transport) over \(outside)"
                    #expect(try Echo.ask(outside, port: 7000, transport, from: rig.guest) == pod, "\(label), out")
                    #expect(try Echo.ask(pod, port: 80, transport, from: rig.outside) == outside, "\(label), in")
                    if ports != nil {
                        #expect(try Echo.ask(pod, port: 81, transport, from: rig.outside) == nil, "\(label), closed")
                    }
                }
            }
            for transport in Echo.Transport.allCases {
                #expect(try Echo.ask("127.0.0.1", port: 80, transport, from: rig.pod) == "10.0.2.1", "\(transport)")
            }
            // A client of `localhost` asks ::1 first, and goes on to 127.0.0.1 when it is refused.
            #expect(try Echo.ask("::1", port: 80, .tcp, from: rig.pod) == nil)
            withExtendedLifetime((world, inGuest, closed)) {}
        }

        @Test("gets all of it by other stock clients too: dhcpcd for both families, busybox for IPv4")
        func otherClients() throws {
            let rig = try PodRig()
            let running = try RunningPod(
                try Manifest.onPod(
                    "masquerade",
                    #""dhcpOptions": {"bootFileName": "pxe.0", "privateOptions": [{"option": 240, "value": "x"}]}"#,
                    pod: #""vmNetworkCIDR": "10.11.12.0/24", "vmIPv6NetworkCIDR": "fd11::/64""#),
                in: rig.pod, rig.options(.own))
            let wire = try rig.wire(running)
            try rig.client(
                """
                mount -t tmpfs lib /var/lib/dhcpcd && dhcpcd -w -t 60 eth0 &&
                while ! ip -4 addr show eth0 | grep -q 10.11.12.2; do sleep 0.1; done && ip -4 -o addr show eth0 > \(rig.folder)/4 &&
                while ! ip -6 addr show eth0 -tentative | grep -q fd11::2; do sleep 0.1; done &&
                ip -6 -o addr show eth0 > \(rig.folder)/6 && ip -6 route > \(rig.folder)/routes &&
                { dhcpcd -x eth0 || kill -KILL "$(cat "$(dhcpcd -P eth0)")"; }
                """)
            #expect(rig.read("4").contains("10.11.12.2/24"))
            #expect(rig.read("6").contains("fd11::2/128"))
            #expect(rig.read("routes").contains("default via fe80::ff:fe00:0"))

            try rig.write("script", "#!/bin/sh\nenv > \(rig.folder)/env.$1\n")
            chmod("\(rig.folder)/script", 0o755)
            try rig.guest.shell(
                "ip addr flush dev eth0; busybox udhcpc -f -q -n -i eth0 -O 240 -O bootfile -O search -s \(rig.folder)/script"
            )
            let told = rig.read("env.bound")
            for line in [
                "ip=10.11.12.2", "mask=24", "router=10.11.12.1", "dns=10.96.0.10", "mtu=1450", "lease=86313600",
                "hostname=guest", "domain=default.svc.cluster.local", "serverid=10.11.12.1", "opt240=78",
            ] {
                #expect(told.contains("\n\(line)\n") || told.hasPrefix("\(line)\n"), "\(line) in \(told)")
            }
            withExtendedLifetime(wire) {}
        }

        @Test("is reached on the listed ports only")
        func ports() throws {
            let rig = try PodRig()
            let running = try RunningPod(
                try Manifest.onPod("masquerade", #""ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}]"#),
                in: rig.pod, rig.options(.own))
            let wire = try rig.wire(running)
            try rig.guest.shell(
                """
                ip addr add 10.0.2.2/24 dev eth0 && ip route add default via 10.0.2.1 &&
                ip addr add fd10:0:2::2/120 dev eth0 nodad && ip -6 route replace default via fd10:0:2::1
                """)
            try traffic(rig, ports: [80])
            withExtendedLifetime(wire) {}
        }

        /// What `produce` returns once it is not nil; asked again for a minute.
        static func eventually<T>(_ what: Comment, _ produce: () throws -> T?) throws -> T {
            for _ in 0..<600 {
                if let value = try produce() { return value }
                usleep(100_000)
            }
            return try #require(try produce(), what)
        }
    }
}

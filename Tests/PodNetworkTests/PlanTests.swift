// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@testable import PodNetwork

@Suite("How interfaces get to their networks")
struct PlanTests {
    static func link(_ name: String, _ index: UInt32, _ addresses: [String] = []) -> PodLink {
        PodLink(
            index: index, name: name, kind: "veth", mtu: 1450, hardwareAddress: [0x0A, 0x58, 0, 0, 0, UInt8(index)],
            forwardsIPv4: false, addresses: addresses.compactMap { IPPrefix($0) })
    }

    static let facts = PodNetworkFacts(
        links: [link("eth0", 2, ["10.244.7.5/24", "fd00:10:244::5/64", "fe80::1/64"])], mayAdminister: true)

    private func plan(
        _ instance: VirtualMachineInstance, _ facts: PodNetworkFacts = Self.facts,
        _ options: PodNetworkOptions = PodNetworkOptions(mode: .own)
    ) throws -> [PodNetwork.Attachment] { try AttachmentPlan(instance, options, facts).attachments }

    @Test("behind masquerade the guest has KubeVirt's addresses, or those of the manifest's networks")
    func masquerade() throws {
        let usual = try #require(try plan(try Manifest.onPod("masquerade")).first)
        #expect(usual.guest?.ipv4?.address.description == "10.0.2.2/24")
        #expect(usual.guest?.ipv6?.address.description == "fd10:0:2::2/120")
        #expect(usual.bridgeAddresses.map(\.description) == ["10.0.2.1/24", "fd10:0:2::1/120"])
        #expect(usual.reachableAddresses == ["10.244.7.5", "fd00:10:244::5"])
        #expect(usual.guest?.onlyClient == nil)
        let other = try #require(
            try plan(
                try Manifest.onPod(
                    "masquerade", pod: #""vmNetworkCIDR": "10.9.8.16/30", "vmIPv6NetworkCIDR": "fd77::/64""#)
            ).first)
        #expect(other.bridgeAddresses.map(\.description) == ["10.9.8.17/30", "fd77::1/64"])
        #expect(other.guest?.ipv4?.address.description == "10.9.8.18/30")
    }

    @Test("a family that the pod does not have is not the guest's either", arguments: [true, false])
    func families(ipv4: Bool) throws {
        let facts = PodNetworkFacts(links: [Self.link("eth0", 2, [ipv4 ? "10.244.7.5/24" : "fd00::5/64"])])
        let guest = try #require(
            try plan(try Manifest.onPod("masquerade"), facts, PodNetworkOptions(mode: .prepared)).first?.guest)
        #expect((guest.ipv4 != nil) == ipv4)
        #expect((guest.ipv6 != nil) == !ipv4)
    }

    @Test(
        "what cannot be is refused by its field",
        arguments: [
            (
                #"{"name": "default", "masquerade": {}, "ports": [{"port": 80}]}"#, ["default": "t"],
                ".ports: has no effect"
            ),
            (#"{"name": "default", "bridge": {}, "dhcpOptions": {}}"#, ["default": "t"], ".dhcpOptions: has no effect"),
        ])
    func refusals(_ interface: String, _ taps: [String: String], _ says: String) throws {
        let instance = try Manifest.instance(
            interfaces: "[\(interface)]", networks: #"[{"name": "default", "pod": {}}]"#)
        let error = #expect(throws: NetworkError.self) {
            try plan(instance, Self.facts, PodNetworkOptions(taps: taps, specPath: "spec.template.spec"))
        }
        let line = "\(try #require(error))"
        #expect(line.hasPrefix("spec.template.spec.domain.devices.interfaces[0]"))
        #expect(line.contains(says), "\(line)")
    }

    @Test(
        "a manifest's networks and options are judged before anything is made",
        arguments: [
            (#""vmNetworkCIDR": "10.0.2.0/31""#, "", "networks[0].pod.vmNetworkCIDR"),
            (#""vmNetworkCIDR": "fd00::/64""#, "", "networks[0].pod.vmNetworkCIDR"),
            (#""vmNetworkCIDR": "10.0.2.0""#, "", "networks[0].pod.vmNetworkCIDR"),
            (#""vmIPv6NetworkCIDR": "fd00::/127""#, "", "networks[0].pod.vmIPv6NetworkCIDR"),
            (#""vmIPv6NetworkCIDR": "10.0.2.0/24""#, "", "networks[0].pod.vmIPv6NetworkCIDR"),
            ("", #""dhcpOptions": {"ntpServers": ["10.0.0.1", "clock"]}"#, "dhcpOptions.ntpServers[1]"),
            ("", #""dhcpOptions": {"privateOptions": [{"option": 223, "value": "a"}]}"#, "privateOptions[0].option"),
            ("", #""macAddress": "02:00:00:00:00""#, "interfaces[0].macAddress"),
            ("", #""macAddress": "02:00:00:00:00:00""#, "interfaces[0].macAddress"),
            ("", #""macAddress": "03:00:00:00:00:01""#, "interfaces[0].macAddress"),
        ])
    func manifest(_ pod: String, _ interface: String, _ field: String) {
        let error = #expect(throws: InvalidManifest.self) { try Manifest.onPod("masquerade", interface, pod: pod) }
        #expect(error.map { "\($0)".contains(field) } == true, "\(error.map { "\($0)" } ?? "nothing")")
    }

    @Test("the rules are KubeVirt's for the listed ports, in tables of our own made anew in one transaction")
    func rules() throws {
        let attachment = try #require(
            try plan(
                try Manifest.onPod(
                    "masquerade", #""ports": [{"port": 443}, {"port": 80}, {"port": 53, "protocol": "UDP"}]"#)
            ).first)
        let text = MasqueradeRules(attachment).text
        for line in [
            "table ip apus_eth0\ndelete table ip apus_eth0\ntable ip apus_eth0 {", "table ip6 apus_eth0 {",
            "iifname \"eth0\" counter jump preinbound", "ip saddr 10.0.2.2 counter masquerade",
            "tcp dport { 80, 443 } counter dnat to 10.0.2.2", "udp dport { 53 } counter dnat to fd10:0:2::2",
            "ip daddr 127.0.0.1 tcp dport { 80, 443 } counter dnat to 10.0.2.2",
            "udp dport { 53 } ip saddr 127.0.0.1 counter snat to 10.0.2.1",
        ] {
            #expect(text.contains(line), "\(text)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@testable import PodNetwork

@Suite("The pod's name resolution")
struct ResolverTests {
    @Test("is what resolv.conf says, without what only the pod can reach")
    func parsing() {
        let resolver = ResolverConfiguration(
            parsing: """
                # nameserver 1.1.1.1
                nameserver 10.96.0.10
                nameserver\t127.0.0.53
                nameserver ::1
                nameserver fd00::a
                nameserver fe80::1%eth0
                nameserver nonsense
                nameserver 1.2.3.4 5.6.7.8
                search Example.COM. b..c . -x
                search A.svc.cluster.local svc.cluster.local b..c
                options ndots:5
                """)
        #expect(resolver.ipv4.map(\.description) == ["10.96.0.10"])
        #expect(resolver.ipv6.map(\.description) == ["fd00::a"])
        #expect(resolver.searchDomains == ["a.svc.cluster.local", "svc.cluster.local"])
        #expect(resolver.domain == "a.svc.cluster.local")
    }

    @Test("is KubeVirt's default where there is none", arguments: ["", "nameserver 127.0.0.53\n", "domain x\n"])
    func defaults(_ text: String) {
        let resolver = ResolverConfiguration(parsing: text)
        #expect(resolver.ipv4.map(\.description) == ["8.8.8.8"])
        #expect(resolver.searchDomains == ["cluster.local"])
    }

    @Test(
        "starts with the subdomain, once",
        arguments: [
            ("a.svc.cluster.local svc.cluster.local", "sub", "sub.a.svc.cluster.local"),
            ("sub.a.svc.cluster.local a.svc.cluster.local", "sub", "sub.a.svc.cluster.local"),
            ("example.com", "sub", "example.com"), ("a.svc.cluster.local", nil, "a.svc.cluster.local"),
        ])
    func subdomain(_ search: String, _ subdomain: String?, _ first: String) {
        let resolver = ResolverConfiguration(parsing: "search \(search)").adding(subdomain: subdomain)
        #expect(resolver.searchDomains.first == first)
        #expect(Set(resolver.searchDomains).count == resolver.searchDomains.count)
    }
}

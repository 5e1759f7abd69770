// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import PodNetwork

extension InNamespaces {
    @Suite("After a crash")
    struct Crash {
        @Test("the next start undoes everything and starts again", arguments: ["masquerade", "bridge"])
        func restart(binding: String) throws {
            let rig = try PodRig()
            let before = try rig.state()
            let instance = try Manifest.onPod(binding)
            try RunningPod(instance, in: rig.pod, rig.options(.own), cleanUp: false).end()
            #expect(try rig.changes(since: before) != [])
            let second = try RunningPod(instance, in: rig.pod, rig.options(.own))
            #expect(second.interfaces[0].addresses.first == PodRig.podAddresses[0])
            if binding == "bridge" { #expect(second.interfaces[0].hardwareAddress == PodRig.podHardware) }
            #expect(second.end() == [])
            #expect(try rig.changes(since: before) == [])
        }

        @Test("between any two steps the journal is enough", arguments: ["masquerade", "bridge"])
        func everyStep(binding: String) throws {
            let rig = try PodRig()
            let before = try rig.state()
            let instance = try Manifest.onPod(binding)
            let options = rig.options(.own)
            var steps = 0
            var isWhole = false
            while !isWhole {
                let budget = steps
                isWhole = try rig.pod.inside { () throws -> Bool in
                    let facts = try PodNetworkFacts.read()
                    let attachment = try #require(AttachmentPlan(instance, options, facts).attachments.first)
                    let (names, pod) = (try #require(attachment.names), try #require(attachment.podLink))
                    let journal = try PodNetwork.journal(of: attachment, names, facts, options)
                    try journal.write(Takeover.entry(attachment, names, pod))
                    return (try? Takeover.run(attachment, names, pod, queuePairs: 1, changes: budget)) != nil
                }
                try rig.pod.inside {
                    let facts = try PodNetworkFacts.read()
                    #expect(PodNetwork.recover(facts, options))
                }
                #expect(try rig.changes(since: before) == [], "after \(steps) steps")
                steps += 1
            }
            #expect(steps > 8)
        }

        @Test("of nobody: a pod interface that another VM holds is refused, and left alone")
        func held() throws {
            let rig = try PodRig()
            let instance = try Manifest.onPod("masquerade")
            let first = try RunningPod(instance, in: rig.pod, rig.options(.own))
            let error = #expect(throws: NetworkError.self) {
                try RunningPod(instance, in: rig.pod, rig.options(.own))
            }
            #expect(error.map { "\($0)".contains("there is a device k6t-eth0 already") } == true)
            #expect(try rig.pod.shell("ip -o addr show k6t-eth0").contains("10.0.2.1/24"))
            #expect(first.end() == [])
        }
    }
}

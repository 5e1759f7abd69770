// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import GuestAgent
import Linux
import Supervisor
import Testing
import VMISpec

@Suite("Balloon, watchdog, guest agent and credentials in a plan")
struct SmallDevicePlanTests {
    private func plan(
        _ domain: String = "", devices: String = "", edit: (String) -> String = { $0 }, secrets: [String: String] = [:]
    ) throws -> Plan {
        var options = LaunchOptions()
        options.images = ["k": "/images/k"]
        options.secrets = secrets
        let document = try Fixture.manifest(domain: domain, devices: devices).1
        let manifest = try VMIManifest.parse(JSONValue(parsing: Array(edit(document.text()).utf8)))
        return try Plan(manifest, options, PlanTests.host)
    }

    @Test("a machine has a balloon that reports free pages, and a channel for an agent")
    func least() throws {
        let machine = try plan().configuration
        #expect(machine.balloon == BalloonConfiguration(freePageReporting: true, statisticsSeconds: 10))
        #expect(machine.channels.map(\.name) == ["org.qemu.guest_agent.0"])
        #expect(machine.watchdog == nil && machine.terminal == .nowhere)
    }

    @Test("a balloon can be turned off")
    func none() throws {
        #expect(try plan(devices: #","autoattachMemBalloon":false"#).configuration.balloon == nil)
        #expect(try plan(devices: #","autoattachMemBalloon":true"#).configuration.balloon != nil)
    }

    @Test(
        "a machine that is made for speed, or told so, keeps its free pages",
        arguments: [
            #""memory":{"guest":"64Mi","hugepages":{"pageSize":"2Mi"}},"#,
            #""cpu":{"cores":2,"dedicatedCpuPlacement":true},"#,
        ])
    func speed(domain: String) throws {
        #expect(try plan(domain).configuration.balloon?.freePageReporting == false)
        let forbidden = try plan { text in
            text.replacing(
                #""metadata":{"#,
                with: #""metadata":{"annotations":{"kubevirt.io/free-page-reporting-disabled":"true"},"#)
        }
        #expect(forbidden.configuration.balloon?.freePageReporting == false)
    }

    @Test(
        "a watchdog does what it is told",
        arguments: [("poweroff", WatchdogAction.poweroff), ("reset", .reset), ("shutdown", .shutdown)])
    func watchdog(action: String, expected: WatchdogAction) throws {
        let devices = #","watchdog":{"name":"w","i6300esb":{"action":"\#(action)"}}"#
        #expect(try plan(devices: devices).configuration.watchdog == expected)
    }

    private static let credentials = #"""
        "accessCredentials":[
         {"sshPublicKey":{"source":{"secret":{"secretName":"keys"}},"propagationMethod":{"qemuGuestAgent":{"users":["root"]}}}},
         {"userPassword":{"source":{"secret":{"secretName":"words"}},"propagationMethod":{"qemuGuestAgent":{}}}}],
        """#

    private func withCredentials(_ text: String) -> String {
        text.replacing(#""spec":{"#, with: #""spec":{"# + Self.credentials)
    }

    @Test("credentials come from the directories that were named, or where KubeVirt mounts them")
    func credentials() throws {
        let plan = try plan(edit: withCredentials, secrets: ["words": "/secrets/words"])
        #expect(
            plan.credentials.map(\.credential) == [
                AgentCredential(
                    .authorizedKeys(users: ["root"]), directory: "/var/run/kubevirt-private/secret/keys-access-cred"),
                AgentCredential(.passwords, directory: "/secrets/words"),
            ])
        #expect(
            plan.credentials.map(\.field) == [
                "spec.accessCredentials[0].sshPublicKey.source.secret.secretName",
                "spec.accessCredentials[1].userPassword.source.secret.secretName",
            ])
    }

    @Test("a secret without a directory is told by its field, and nothing is started")
    func missing() throws {
        let fixture = try Fixture()
        let (_, document) = try Fixture.manifest()
        let text = withCredentials(document.text())
        let edited = try JSONValue(parsing: Array(text.utf8))
        let manifest = try VMIManifest.parse(edited)
        var options = fixture.options
        options.secrets = ["keys": "\(fixture.path)/nowhere"]
        let environment = try fixture.launcher([], then: "exit 0")
        let error = try #require(throws: SupervisorError.self) {
            _ = try Supervision.start(manifest, document: edited, options, environment: environment)
        }
        #expect(
            error.description
                == "spec.accessCredentials[0].sshPublicKey.source.secret.secretName: secret \"keys\" has no "
                + "directory that can be read (\(fixture.path)/nowhere); pass --secret keys=DIR")
        #expect(fixture.leftovers.isEmpty)
    }

    @Test("keys for nobody are refused by their field")
    func nobody() throws {
        let error = try #require(throws: SupervisorError.self) {
            _ = try plan(edit: { withCredentials($0).replacing(#"["root"]"#, with: "[]") })
        }
        #expect(error.description.hasPrefix("spec.accessCredentials[0].sshPublicKey.propagationMethod"), "\(error)")
    }
}

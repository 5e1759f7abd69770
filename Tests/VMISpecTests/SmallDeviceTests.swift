// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@Suite("Balloon, watchdog and access credentials")
struct SmallDeviceTests {
    private func spec(_ path: String, _ json: String) throws -> InstanceSpec {
        try VMIManifest.parse(Manifests.with(path, json)).instance.spec
    }

    @Test(
        "a balloon is there unless it is turned off",
        arguments: [("true", Bool?.some(true)), ("false", false), ("", nil)])
    func balloon(json: String, expected: Bool?) throws {
        let devices = try spec("spec.domain.devices.autoattachMemBalloon", json).domain.devices
        #expect(devices.autoattachMemBalloon == expected)
    }

    @Test(
        "a watchdog resets the guest unless it is told otherwise",
        arguments: [
            (#"{"name": "w", "i6300esb": {"action": "poweroff"}}"#, WatchdogSpec.Action.poweroff),
            (#"{"name": "w", "i6300esb": {"action": "shutdown"}}"#, .shutdown),
            (#"{"name": "w", "i6300esb": {"action": "reset"}}"#, .reset), (#"{"name": "w", "i6300esb": {}}"#, .reset),
            (#"{"name": "w"}"#, .reset),
        ])
    func watchdog(json: String, action: WatchdogSpec.Action) throws {
        let watchdog = try spec("spec.domain.devices.watchdog", json).domain.devices.watchdog
        #expect(watchdog?.action == action && watchdog?.name == "w")
    }

    @Test("an action that no watchdog has is refused by its path")
    func action() throws {
        let problems = Manifests.problems(
            try Manifests.with("spec.domain.devices.watchdog", #"{"name": "w", "i6300esb": {"action": "explode"}}"#))
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("spec.domain.devices.watchdog.i6300esb.action: ") == true, "\(problems)")
    }

    private static func ssh(_ method: String) -> String {
        #"[{"sshPublicKey": {"source": {"secret": {"secretName": "a"}}, "propagationMethod": {"\#(method)": {}}}}]"#
    }

    @Test("credentials reach the guest by its agent, or on a disk for cloud-init that is there")
    func credentials() throws {
        let keys =
            #"[{"sshPublicKey": {"source": {"secret": {"secretName": "a"}}, "#
            + #""propagationMethod": {"qemuGuestAgent": {"users": ["root", "debian"]}}}}]"#
        #expect(
            try spec("spec.accessCredentials", keys).accessCredentials == [
                .sshPublicKey(secretName: "a", propagation: .guestAgent(users: ["root", "debian"]))
            ])
        let password =
            #"[{"userPassword": {"source": {"secret": {"secretName": "b"}}, "#
            + #""propagationMethod": {"qemuGuestAgent": {}}}}]"#
        #expect(
            try spec("spec.accessCredentials", password).accessCredentials == [
                .userPassword(secretName: "b", propagation: .guestAgent(users: []))
            ])
        let problems = Manifests.problems(try Manifests.with("spec.accessCredentials", Self.ssh("configDrive")))
        let path = "spec.accessCredentials[0].sshPublicKey.propagationMethod.configDrive: "
        #expect(problems.count == 1 && problems.first?.hasPrefix(path) == true, "\(problems)")
        #expect(problems.first?.contains("add a cloudInitConfigDrive volume") == true)
    }

    @Test("base64 goes both ways", arguments: 0..<70)
    func base64(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test("base64 is what RFC 4648 says", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")])
    func base64Vectors(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }
}

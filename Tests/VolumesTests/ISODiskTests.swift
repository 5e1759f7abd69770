// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec
import Volumes

@Suite("Disks of small files", .serialized)
struct ISODiskTests {
    /// A volume, the label of its disk, and the files that are on it.
    struct Row: CustomTestStringConvertible, Sendable {
        var volume: String
        var label: String
        var files: [String: String]
        var testDescription: String { volume }
    }

    static let rows: [Row] = [
        Row(volume: #""configMap":{"name":"m"}"#, label: "cfgdata", files: ["key": "value", "deep/er": "x"]),
        Row(
            volume: #""configMap":{"name":"m","volumeLabel":"MINE"}"#, label: "MINE",
            files: ["key": "value", "deep/er": "x"]),
        Row(volume: #""configMap":{"name":"none","optional":true}"#, label: "cfgdata", files: [:]),
        Row(volume: #""secret":{"secretName":"s"}"#, label: "cfgdata", files: ["userdata": "u", "networkdata": "n"]),
        Row(
            volume: #""serviceAccount":{"serviceAccountName":"s"}"#, label: "cfgdata",
            files: ["userdata": "u", "networkdata": "n"]),
        Row(
            volume: #""sysprep":{"configMap":{"name":"m"}}"#, label: "unattendCD",
            files: ["key": "value", "deep/er": "x"]),
        Row(
            volume: #""cloudInitNoCloud":{"userDataBase64":"aGk=","networkDataBase64":"bm8="}"#, label: "cidata",
            files: [
                "user-data": "hi", "network-config": "no",
                "meta-data": #"{"instance-id":"vm.default","local-hostname":"vm"}"#,
            ]),
        Row(
            volume: #""cloudInitNoCloud":{"secretRef":{"name":"s"},"networkDataSecretRef":{"name":"s"}}"#,
            label: "cidata",
            files: [
                "user-data": "u", "network-config": "n",
                "meta-data": #"{"instance-id":"vm.default","local-hostname":"vm"}"#,
            ]),
        Row(
            volume: #""cloudInitConfigDrive":{"userData":"hi","networkDataSecretRef":{"name":"s"}}"#,
            label: "config-2",
            files: [
                "openstack/latest/user_data": "hi", "openstack/latest/network_data.json": "n",
                "openstack/latest/meta_data.json":
                    #"{"instance_id":"vm.default","local_hostname":"vm","hostname":"vm","uuid":"vm.default"}"#,
            ]),
    ]

    private func bench() throws -> Bench {
        let bench = try Bench()
        // As a kubelet lays it out: links to a hidden folder.
        try bench.write("m/..2026/key", "value")
        symlink("..2026", "\(bench.path)/m/..data")
        symlink("..data/key", "\(bench.path)/m/key")
        try bench.write("m/deep/er", "x")
        try bench.write("s/userdata", "u")
        try bench.write("s/networkdata", "n")
        try bench.write("keys/a", "# mine\nssh-ed25519 AAAA one\n")
        bench.sources.configMaps["m"] = "\(bench.path)/m"
        bench.sources.secrets = ["s": "\(bench.path)/s", "keys": "\(bench.path)/keys"]
        return bench
    }

    @Test("each kind has its label and its files", arguments: rows)
    func content(_ row: Row) throws {
        let bench = try bench()
        _ = try bench.disk(row.volume)
        let image = "\(bench.path)/run/v0.iso"
        let first = try FileDescriptor.open(image, O_RDONLY).readAll(limit: 1 << 24)
        let content = try bench.content(of: image)
        #expect(content.label == row.label)
        #expect(content.files == row.files)
        _ = try bench.disk(row.volume)
        #expect(try FileDescriptor.open(image, O_RDONLY).readAll(limit: 1 << 24) == first)
    }

    @Test(
        "keys reach the guest with the disk of their kind",
        arguments: [
            ("noCloud", "cloudInitNoCloud", "meta-data", #""public-keys":{"0":"ssh-ed25519 AAAA one"}"#),
            (
                "configDrive", "cloudInitConfigDrive", "openstack/latest/meta_data.json",
                #""public_keys":{"0":"ssh-ed25519 AAAA one"}"#
            ),
        ])
    func keys(_ method: String, _ kind: String, _ file: String, _ text: String) throws {
        let bench = try bench()
        let credential =
            #","accessCredentials":[{"sshPublicKey":{"source":{"secret":{"secretName":"keys"}},"#
            + #""propagationMethod":{"\#(method)":{}}}}]"#
        _ = try bench.disk("\"\(kind)\":{\"userData\":\"u\"}", more: credential)
        let content = try bench.content(of: "\(bench.path)/run/v0.iso")
        #expect(content.files[file]?.contains(text) == true, "\(content.files)")
    }

    @Test("in a pod, files come from where KubeVirt mounts them")
    func pod() throws {
        let bench = try Bench()
        bench.sources.podRoot = "\(bench.path)/pod"
        for (folder, volume) in [
            ("config-map", #""configMap":{"name":"x"}"#), ("secret", #""secret":{"secretName":"x"}"#),
            ("downwardapi", #""downwardAPI":{"fields":[]}"#), ("sysprep", #""sysprep":{"secret":{"name":"x"}}"#),
        ] {
            try bench.write("pod/var/run/kubevirt-private/\(folder)/v0/key", folder)
            _ = try bench.disk(volume)
            let image = "\(bench.path)/pod/var/run/kubevirt-private/\(folder)-disks/v0.iso"
            #expect(try bench.content(of: image).files == ["key": folder])
        }
    }

    @Test(
        "a source that will not do is refused by its field with a remedy",
        arguments: [
            (#""configMap":{"name":"none"}"#, "spec.volumes[0].configMap.name: ", "pass --config-map none=DIR"),
            (#""configMap":{"name":"huge"}"#, "spec.volumes[0].configMap: ", "64 MiB"),
            (#""configMap":{"name":"file"}"#, "spec.volumes[0].configMap: ", "no directory"),
            (#""configMap":{"name":"pipe"}"#, "spec.volumes[0].configMap: ", "neither a file nor a folder"),
            (#""configMap":{"name":"out"}"#, "spec.volumes[0].configMap: ", "there is no"),
            (
                #""secret":{"secretName":"s","volumeLabel":"a label of more than thirty-two letters"}"#,
                "spec.volumes[0].secret.volumeLabel: ", "shorten"
            ),
            (
                #""cloudInitNoCloud":{"secretRef":{"name":"keys"}}"#,
                "spec.volumes[0].cloudInitNoCloud.secretRef.name: ", "add the file"
            ),
            (#""downwardAPI":{"fields":[]}"#, "spec.volumes[0].downwardAPI: ", "--config-map v0=DIR"),
        ])
    func refused(_ volume: String, _ field: String, _ remedy: String) throws {
        let bench = try bench()
        try bench.write("huge/two-gigabytes", "")
        truncate("\(bench.path)/huge/two-gigabytes", 2 << 30)
        try bench.write("file", "x")
        mkdir("\(bench.path)/pipe", 0o700)
        mkfifo("\(bench.path)/pipe/p", 0o600)
        mkdir("\(bench.path)/out", 0o700)
        symlink("/etc/hostname", "\(bench.path)/out/link")
        for name in ["huge", "file", "pipe", "out"] { bench.sources.configMaps[name] = "\(bench.path)/\(name)" }
        let error = try #require(throws: VolumeError.self) { _ = try bench.disk(volume) }
        #expect(error.description.hasPrefix(field) && error.description.contains(remedy), "\(error)")
        #expect(access("\(bench.path)/run/v0.iso", F_OK) != 0)
    }
}

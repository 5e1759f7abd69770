// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import Testing
import VMISpec
import Volumes

@Suite("Volumes become disks", .serialized)
struct VolumeTests {
    private static let disk = #","disks":[{"name":"d","disk":{"bus":"virtio"}}]"#

    private func open(_ fixture: Fixture, _ source: String, claim: String? = nil) throws -> FileDescriptor {
        let manifest = try Fixture.manifest(devices: Self.disk, volumes: "{\"name\":\"d\",\(source)}").0
        let sources = VolumeSources(claims: claim.map { ["root": $0] } ?? [:], directory: fixture.path)
        let attached = try #require(manifest.instance.spec.attachedDisks.first)
        return try sources.open(
            attached.volume, isReadOnly: attached.isReadOnly, field: "spec.volumes[0]", of: manifest.instance)
    }

    private static let claim = #""persistentVolumeClaim":{"claimName":"root"}"#

    @Test("a claim is a file, or a directory with a disk.img")
    func claims() throws {
        let fixture = try Fixture()
        #expect(try open(fixture, Self.claim, claim: "\(fixture.path)/disk.raw").status().bytes == 4096)
        mkdir("\(fixture.path)/volume", 0o700)
        try fixture.write("volume/disk.img", [UInt8](repeating: 1, count: 512))
        #expect(try open(fixture, Self.claim, claim: "\(fixture.path)/volume").status().bytes == 512)
    }

    @Test(
        "what cannot be a disk is refused by its field with a remedy",
        arguments: [
            (nil, "claim \"root\" has no file; pass --pvc root=FILE"), ("missing", "there is no file"),
            ("empty", "is empty"), ("fifo", "neither a file nor a block device"), ("image", "there is no file"),
        ])
    func refused(_ name: String?, _ message: String) throws {
        let fixture = try Fixture()
        try fixture.write("empty", [])
        mkfifo("\(fixture.path)/fifo", 0o600)
        let error = try #require(throws: VolumeError.self) {
            _ = try open(fixture, Self.claim, claim: name.map { "\(fixture.path)/\($0)" })
        }
        #expect(error.description.hasPrefix("spec.volumes[0].persistentVolumeClaim: "))
        #expect(error.description.contains(message), "\(error)")
    }

    @Test("a disk in use by another VM is refused")
    func busy() throws {
        let fixture = try Fixture()
        let first = try open(fixture, Self.claim, claim: "\(fixture.path)/disk.raw")
        let error = try #require(throws: VolumeError.self) {
            _ = try open(fixture, Self.claim, claim: "\(fixture.path)/disk.raw")
        }
        #expect(error.description.contains("in use by another VM"))
        #expect(first.raw >= 0)
    }

    @Test("a host disk is made with its capacity and kept when it is there")
    func created() throws {
        let fixture = try Fixture()
        let source = #""hostDisk":{"path":"\#(fixture.path)/new.raw","type":"DiskOrCreate","capacity":"3Mi"}"#
        #expect(try open(fixture, source).status().bytes == 3 << 20)
        let existing = #""hostDisk":{"path":"\#(fixture.path)/disk.raw","type":"DiskOrCreate","capacity":"3Mi"}"#
        #expect(try open(fixture, existing).status().bytes == 4096)
    }

    @Test("no path leads out of an image's directory", arguments: ["/link", "/up/../../disk.raw"])
    func traversal(_ path: String) throws {
        let fixture = try Fixture()
        symlink("\(fixture.path)/disk.raw", "\(fixture.path)/image/link")
        #expect(throws: VolumeError.self) {
            _ = try ImageDirectory.open(path, of: "\(fixture.path)/image", field: "f")
        }
    }
}

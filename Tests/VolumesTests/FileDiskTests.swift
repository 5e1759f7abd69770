// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Testing
import VMISpec
import Volumes

@Suite("Disks of files", .serialized)
struct FileDiskTests {
    private let claim = #""persistentVolumeClaim":{"claimName":"c"}"#
    private let disk = [UInt8](repeating: 7, count: 1 << 20)

    @Test(
        "each kind becomes its layers",
        arguments: [
            (#""persistentVolumeClaim":{"claimName":"c"}"#, [.raw]), (#""dataVolume":{"name":"c"}"#, [.raw]),
            (#""ephemeral":{"persistentVolumeClaim":{"claimName":"c"}}"#, [.qcow2, .raw]),
            (#""emptyDisk":{"capacity":"5000k"}"#, [.qcow2]),
            (#""containerDisk":{"image":"raw"}"#, [.qcow2, .raw]),
            (#""containerDisk":{"image":"qcow2"}"#, [.qcow2, .qcow2]),
            (#""containerDisk":{"image":"tree"}"#, [.qcow2, .raw]),
            (#""containerDisk":{"image":"tree","path":"/other/b.img"}"#, [.qcow2, .qcow2]),
        ] as [(String, [ImageFormat])])
    func layers(_ volume: String, _ formats: [ImageFormat]) throws {
        let bench = try Bench()
        try bench.write("c/disk.img", disk)
        try bench.write("tree/disk/a.img", disk)
        try bench.write("tree/other/x", "x")
        try Bench.output("/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2", "\(bench.path)/tree/other/b.img", "3M"])
        bench.sources.claims["c"] = "\(bench.path)/c"
        bench.sources.images = [
            "raw": "\(bench.path)/c/disk.img", "qcow2": "\(bench.path)/tree/other/b.img", "tree": "\(bench.path)/tree",
        ]
        let opened = try bench.disk(volume)
        #expect(opened.formats == formats)
        let count = opened.files.count
        #expect(count == formats.count)
        guard formats.first == .qcow2 else { return }
        let image = "\(bench.path)/run/v0.qcow2"
        let said = try JSONValue(
            parsing: Array(try Bench.output("/usr/bin/qemu-img", ["info", "-U", "--output=json", image]).utf8))
        #expect(said["format"]?.stringValue == "qcow2")
        let size: Int64 = formats.count == 1 ? 4 << 20 : formats[1] == .qcow2 ? 3 << 20 : 1 << 20
        #expect(said["virtual-size"]?.integerValue == size)
        #expect(said["backing-filename-format"]?.stringValue == (formats.count == 1 ? nil : formats[1].rawValue))
        try Bench.output("/usr/bin/qemu-img", ["check", "-q", "-U", image])
    }

    @Test("a disk of a container that nobody writes to has no overlay")
    func readOnly() throws {
        let bench = try Bench()
        try bench.write("a.img", disk)
        bench.sources.images["i"] = "\(bench.path)/a.img"
        #expect(try bench.disk(#""containerDisk":{"image":"i"}"#, readOnly: true).formats == [.raw])
    }

    @Test("in a pod, disks lie where KubeVirt puts them, and what is made goes with the instance")
    func pod() throws {
        let bench = try Bench()
        bench.sources.podRoot = "\(bench.path)/pod"
        try bench.write("pod/var/run/kubevirt/container-disks/disk_1.img", disk)
        try bench.write("pod/var/run/kubevirt-private/vmi-disks/v0/disk.img", disk)
        let instance = try Bench.instance([claim, #""containerDisk":{"image":"i"}"#])
        for (index, formats) in [(0, [.raw]), (1, [.qcow2, .raw])] as [(Int, [ImageFormat])] {
            let opened = try bench.sources.disk(
                for: instance.spec.volumes[index], isReadOnly: false, field: "f", of: instance)
            #expect(opened.formats == formats)
        }
        let overlay = "\(bench.path)/pod/var/run/kubevirt-ephemeral-disks/disk-data/v1/disk.qcow2"
        #expect(access(overlay, F_OK) == 0)
        MadeFiles.remove(of: bench.sources.directory)
        #expect(access("\(bench.path)/pod/var/run/kubevirt-ephemeral-disks", F_OK) != 0)
        #expect(access("\(bench.path)/pod/var/run/kubevirt-private/vmi-disks/v0/disk.img", F_OK) == 0)
    }

    @Test(
        "a source that will not do is refused by its field with a remedy",
        arguments: [
            (#""persistentVolumeClaim":{"claimName":"none"}"#, "spec.volumes[0].persistentVolumeClaim: ", "pass --pvc"),
            (#""dataVolume":{"name":"none"}"#, "spec.volumes[0].dataVolume: ", "pass --pvc none=FILE"),
            (
                #""ephemeral":{"persistentVolumeClaim":{"claimName":"small"}}"#,
                "spec.volumes[0].ephemeral.persistentVolumeClaim: ", "too few"
            ),
            (#""emptyDisk":{"capacity":"1000"}"#, "spec.volumes[0].emptyDisk.capacity: ", "at least 1Mi"),
            (#""containerDisk":{"image":"gone"}"#, "spec.volumes[0].containerDisk.image: ", "there is no file"),
            (#""containerDisk":{"image":"tree"}"#, "spec.volumes[0].containerDisk.path: ", "name one"),
            (#""containerDisk":{"image":"tree","path":"/disk/c"}"#, "spec.volumes[0].containerDisk.path: ", "no file"),
            (#""containerDisk":{"image":"tree","path":"/up"}"#, "spec.volumes[0].containerDisk.path: ", "no file"),
            (#""containerDisk":{"image":"bad"}"#, "spec.volumes[0].containerDisk: ", "malformed"),
            (#""containerDisk":{"image":"backed"}"#, "spec.volumes[0].containerDisk: ", "flatten it"),
            (
                #""containerDisk":{"image":"x.invalid/y","imagePullPolicy":"Never"}"#,
                "spec.volumes[0].containerDisk.imagePullPolicy: ", "IfNotPresent"
            ),
        ])
    func refused(_ volume: String, _ field: String, _ remedy: String) throws {
        let bench = try Bench()
        try bench.write("small", "small")
        try bench.write("tree/disk/a.img", disk)
        try bench.write("tree/disk/b.img", disk)
        symlink("\(bench.path)/c.img", "\(bench.path)/tree/up")
        try bench.write("c.img", disk)
        try bench.write("bad", [0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 9] + disk)
        try Bench.output(
            "/usr/bin/qemu-img",
            ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "\(bench.path)/c.img", "\(bench.path)/backed"])
        bench.sources.claims["small"] = "\(bench.path)/small"
        for name in ["gone", "tree", "bad", "backed"] { bench.sources.images[name] = "\(bench.path)/\(name)" }
        let error = try #require(throws: VolumeError.self) { _ = try bench.disk(volume) }
        #expect(error.description.hasPrefix(field) && error.description.contains(remedy), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test("an image is fetched from a layout or an archive once, its layers merged", arguments: ["oci", "oci-archive"])
    func fetched(_ kind: String) throws {
        let bench = try Bench()
        let place = "\(bench.path)/image"
        try bench.write("lower/disk/old.img", disk)
        try bench.write("upper/disk/.wh.old.img", "")
        try bench.write("upper/disk/new.img", [UInt8](repeating: 9, count: 2 << 20))
        // skopeo's own dir: format, which any other is made of.
        try bench.write("dir/version", "Directory Transport Version: 1.1\n")
        var layers: [String] = []
        var ids: [String] = []
        func blob(_ file: String) throws -> (digest: String, bytes: Int) {
            let digest = String(try Bench.output("/usr/bin/sha256sum", ["\(bench.path)/\(file)"]).prefix(64))
            let bytes = try FileDescriptor.open("\(bench.path)/\(file)", O_RDONLY).status().bytes
            rename("\(bench.path)/\(file)", "\(bench.path)/dir/\(digest)")
            return (digest, Int(bytes))
        }
        for name in ["lower", "upper"] {
            try Bench.output("/bin/tar", ["-C", "\(bench.path)/\(name)", "-cf", "\(bench.path)/layer", "disk"])
            let layer = try blob("layer")
            ids.append("\"sha256:\(layer.digest)\"")
            layers.append(
                #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:\#(layer.digest)","#
                    + #""size":\#(layer.bytes)}"#)
        }
        try bench.write(
            "config",
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(ids.joined(separator: ","))]}}"#
        )
        let config = try blob("config")
        try bench.write(
            "dir/manifest.json",
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"#
                + #""application/vnd.oci.image.config.v1+json","digest":"sha256:\#(config.digest)","size":\#(config.bytes)},"#
                + #""layers":[\#(layers.joined(separator: ","))]}"#)
        try Bench.output("/usr/bin/skopeo", ["copy", "-q", "dir:\(bench.path)/dir", "\(kind):\(place)"])
        bench.sources.images["i"] = place
        for _ in 0..<2 {
            let opened = try bench.disk(#""containerDisk":{"image":"i"}"#)
            #expect(opened.formats == [.qcow2, .raw])
            let number = opened.files.number(at: DescriptorSlot(rawValue: 1))
            let lower = try #require(number)
            #expect(try FileDescriptor.duplicate(of: lower).status().bytes == 2 << 20)
        }
        let kept = try Bench.output("/usr/bin/find", ["\(bench.path)/cache/images", "-name", "*.img"])
        #expect(kept.split(separator: "\n").count == 1, "\(kept)")
        let left = try Bench.output("/usr/bin/find", ["\(bench.path)/cache/images", "-name", "fetch-*"])
        #expect(left.isEmpty)
    }
}

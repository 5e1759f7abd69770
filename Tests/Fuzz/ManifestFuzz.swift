// SPDX-License-Identifier: Apache-2.0

@testable import VMISpec

/// Refuses the input with a reason, or reads a manifest; what is read as JSON reads the same once written.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzManifest(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONSyntaxError) {
        let value = try JSONValue(parsing: bytes)
        let written = value.encoded()
        do throws(JSONSyntaxError) {
            let again = try JSONValue(parsing: written)
            must(again == value, "a value reads differently once written")
        } catch {
            fatalError("what was written does not read: \(error)")
        }
    } catch {
        must(!"\(error)".isEmpty, "an error says nothing")
    }
    do throws(InvalidManifest) {
        let manifest = try VMIManifest.parse(bytes)
        must(!manifest.instance.metadata.name.isEmpty, "a manifest without a name")
        _ = manifest.instance.firmwareUUID
        _ = manifest.instance.guestHostname
    } catch {
        must(!error.problems.isEmpty, "a manifest was refused without a reason")
        for problem in error.problems { must(!problem.message.contains("\n"), "a problem of two lines") }
    }
    return 0
}

/// Writes a small manifest and one with most of what works.
@_cdecl("LLVMFuzzerInitialize")
public func seedManifest(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    let head =
        #"{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "metadata": {"name": "a"}, "spec": {"#
    let boot = #""firmware": {"kernelBoot": {"container": {"image": "k", "kernelPath": "/k"}}}"#
    let seeds = [
        #""domain": {"memory": {"guest": "64Mi"}, "devices": {"autoattachPodInterface": false}, \#(boot)}}}"#,
        #"""
        "domain": {"cpu": {"cores": 2, "sockets": 1, "threads": 1, "features": [{"name": "avx2", "policy": "disable"}]},
        "resources": {"requests": {"memory": "1Gi", "cpu": "1.5"}}, "machine": {"type": "q35"}, \#(boot),
        "clock": {"utc": {}, "timer": {"hpet": {"present": false}}}, "features": {"acpi": {}},
        "devices": {"rng": {}, "disks": [{"name": "root", "disk": {"bus": "virtio"}, "bootOrder": 1}],
        "interfaces": [{"name": "default", "masquerade": {}, "macAddress": "02:00:00:00:00:01"}]}},
        "networks": [{"name": "default", "pod": {}}], "terminationGracePeriodSeconds": 10, "hostname": "deb",
        "volumes": [{"name": "root", "persistentVolumeClaim": {"claimName": "root"}},
        {"name": "seed", "cloudInitNoCloud": {"userDataBase64": "YQ=="}}]}}
        """#,
    ]
    for (index, seed) in seeds.enumerated() { FuzzSeeds.write("\(index)", Array((head + seed).utf8)) }
    return 0
}

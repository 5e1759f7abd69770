// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Testing
import VMISpec

@testable import Supervisor

@Suite("Metrics", .serialized)
struct MetricsTests {
    private func scrape() throws -> String {
        let root = "/tmp/apus-root-\(getpid())-\(UInt32.random(in: .min ... .max)).raw"
        try FileDescriptor.open(root, O_WRONLY | O_CREAT).writeAll([UInt8](repeating: 0, count: 4096))
        defer { unlink(root) }
        let running = try RunningSupervisor(
            "", devices: #","disks":[{"name":"d","disk":{"bus":"virtio"}}]"#,
            volumes: #"{"name":"d","persistentVolumeClaim":{"claimName":"root"}}"#,
            labels: #""app.kubernetes.io/part-of":"shop""#,
            options: ["--pvc", "root=\(root)"])
        let response = try running.ask(HTTPRequest(method: "GET", path: ["metrics"]))
        return String(decoding: response.body, as: UTF8.self)
    }

    @Test("promtool finds nothing to say about them")
    func promtool() throws {
        let tool = "/usr/bin/promtool"
        try #require(
            access(tool, X_OK) == 0, "promtool is missing: scripts/test installs it with the package prometheus")
        let input = try FileDescriptor.memory(named: "metrics")
        try input.writeAll(Array(try scrape().utf8))
        lseek(input.raw, 0, SEEK_SET)
        let output = try FileDescriptor.memory(named: "said")
        var checker = try ChildProcess(
            tool, ["check", "metrics"], environment: [],
            passing: [.init(input.raw, as: 0), .init(output.raw, as: 1), .init(output.raw, as: 2)])
        let end = checker.end(waiting: true)
        lseek(output.raw, 0, SEEK_SET)
        let said = String(decoding: try output.readAll(limit: 1 << 20), as: UTF8.self)
        #expect(end == .exited(0), "\(said)")
        #expect(said.isEmpty, "\(said)")
    }

    @Test(
        "names, labels and values are KubeVirt's",
        arguments: [
            #"kubevirt_vmi_storage_iops_read_total{node="n1",namespace="default",name="vm",kubernetes_vmi_label_app_kubernetes_io_part_of="shop",drive="d"} 5"#,
            #"drive="d"} 4096"#, #"kubevirt_vmi_storage_read_times_seconds_total{"#, #"drive="d"} 1.5"#,
            "kubevirt_vmi_memory_domain_bytes{", "} 67108864", "kubevirt_vmi_cpu_usage_seconds_total{",
            #"kubevirt_vmi_vcpu_seconds_total{"#, #"id="0",state="#, "kubevirt_vmi_vcpu_delay_seconds_total{",
            "kubevirt_vmi_memory_resident_bytes{", "kubevirt_vmi_node_cpu_affinity{",
            #"kubevirt_vmi_guest_os_panic_total{namespace="default",name="vm",type="pvpanic",bugcheck_code="unknown"} 0"#,
            #"id="0",reason="port"} 7"#, #"process="supervisor",kind="private"}"#,
            #"device="d",le="0.000001024"} 2"#, #"device="d",le="0.000004096"} 5"#, #"device="d",le="+Inf"} 6"#,
            "apus_vmi_queue_latency_seconds_sum{", "} 0.000009\n", "apus_vmi_start_seconds{", "} 0.0025\n",
        ])
    func names(_ text: String) throws {
        #expect(try Self.page.get().contains(text))
    }

    private static let page: Result<String, any Error> = Result { try MetricsTests().scrape() }

    @Test("what is not a label's name has none, and values are escaped")
    func labels() {
        var metadata = ObjectMeta.example
        metadata.labels = ["a/b": "x\"\\\n", "a.b": "y", "ü": "z"]
        #expect(
            "\(MetricLabels(metadata, node: ""))"
                == #"{node="",namespace="default",name="vm",kubernetes_vmi_label_a_b="y"}"#)
        #expect("\(MetricLabels(["a": "x\"\\\n"]))" == #"{a="x\"\\\n"}"#)
    }

    @Test(
        "seconds are exact", arguments: [(0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (2_000_000_000, "2")])
    func seconds(_ nanoseconds: UInt64, _ text: String) {
        #expect(MetricFamily.seconds(nanoseconds) == text)
    }
}

extension ObjectMeta {
    fileprivate static var example: ObjectMeta {
        guard let manifest = try? Fixture.manifest().0 else { preconditionFailure("the fixture's manifest is valid") }
        return manifest.instance.metadata
    }
}

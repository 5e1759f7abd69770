// SPDX-License-Identifier: Apache-2.0

import Control

extension MetricsPage {
    /// Metrics of disks, under KubeVirt's names.
    mutating func addDisks(_ disks: [DeviceStatistics]) {
        let counts: [(String, String, String)] = [
            ("iops_read_total", "reads", "Total number of I/O read operations."),
            ("iops_write_total", "writes", "Total number of I/O write operations."),
            ("read_traffic_bytes_total", "bytesRead", "Total number of bytes read from storage."),
            ("write_traffic_bytes_total", "bytesWritten", "Total number of written bytes."),
            ("flush_requests_total", "flushes", "Total storage flush requests."),
        ]
        for (name, counter, help) in counts {
            add("kubevirt_vmi_storage_\(name)", .counter, help) { family, labels in
                for disk in disks {
                    if let value = disk[counter] { family.add(value, labels.with("drive", disk.name)) }
                }
            }
        }
        for (operation, help) in [
            ("read", "Total time spent on read operations."), ("write", "Total time spent on write operations."),
            ("flush", "Total time spent on cache flushing."),
        ] {
            add("kubevirt_vmi_storage_\(operation)_times_seconds_total", .counter, help) { family, labels in
                for disk in disks {
                    guard let time = disk["\(operation)Nanoseconds"] else { continue }
                    family.add(nanoseconds: time, labels.with("drive", disk.name))
                }
            }
        }
        add("apus_vmi_storage_failures_total", .counter, "Requests of a disk that the host failed.") { family, labels in
            for disk in disks {
                if let value = disk["failures"] { family.add(value, labels.with("drive", disk.name)) }
            }
        }
    }

    /// Metrics of network interfaces, under KubeVirt's names.
    mutating func addInterfaces(_ interfaces: [DeviceStatistics]) {
        add(
            "kubevirt_vmi_network_traffic_bytes_total", .counter,
            "[Deprecated] Total number of bytes sent and received."
        ) { family, labels in
            for interface in interfaces {
                let own = labels.with("interface", interface.name)
                if let value = interface["bytesReceived"] { family.add(value, own.with("type", "rx")) }
                if let value = interface["bytesSent"] { family.add(value, own.with("type", "tx")) }
            }
        }
        let counts: [(String, String, String)] = [
            ("receive_bytes_total", "bytesReceived", "Total network traffic received in bytes."),
            ("transmit_bytes_total", "bytesSent", "Total network traffic transmitted in bytes."),
            ("receive_packets_total", "framesReceived", "Total network traffic received packets."),
            ("transmit_packets_total", "framesSent", "Total network traffic transmitted packets."),
            ("receive_errors_total", "receiveFailures", "Total network received error packets."),
            ("transmit_errors_total", "malformedFrames", "Total network transmitted error packets."),
            (
                "receive_packets_dropped_total", "receiveDrops",
                "The total number of rx packets dropped on vNIC interfaces."
            ),
            (
                "transmit_packets_dropped_total", "sendDrops",
                "The total number of tx packets dropped on vNIC interfaces."
            ),
        ]
        for (name, counter, help) in counts {
            add("kubevirt_vmi_network_\(name)", .counter, help) { family, labels in
                for interface in interfaces {
                    if let value = interface[counter] { family.add(value, labels.with("interface", interface.name)) }
                }
            }
        }
    }

    /// Latencies of queues, from the launcher's power-of-two buckets: a counter `latencyBelow2^N` of a device counts
    /// requests that took less than 2^N nanoseconds and not less than the next lower of them.
    mutating func addLatencies(_ devices: [DeviceStatistics]) {
        add(
            "apus_vmi_queue_latency_seconds", .histogram,
            "Time from taking a request off a queue to giving it back, by device."
        ) { family, labels in
            for device in devices {
                guard let sum = device["latencyNanoseconds"] else { continue }
                var buckets: [(bound: UInt64, count: UInt64)] = []
                for counter in device.counters {
                    guard counter.name.hasPrefix(Self.bucketPrefix),
                        let power = UInt64(counter.name.dropFirst(Self.bucketPrefix.count)), power < 64
                    else { continue }
                    buckets.append((1 << power, counter.value))
                }
                family.add(
                    buckets.sorted { $0.bound < $1.bound }, beyond: device["latencyBeyond"] ?? 0, sum: sum,
                    labels.with("device", device.name))
            }
        }
    }

    private static let bucketPrefix = "latencyBelow2^"
}

extension DeviceStatistics {
    /// The value of a counter, or nil where the device has none of this name.
    subscript(counter: String) -> UInt64? { counters.first { $0.name == counter }?.value }
}

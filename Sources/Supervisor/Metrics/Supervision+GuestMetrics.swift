// SPDX-License-Identifier: Apache-2.0

import Control
import GuestAgent

extension Supervision {
    /// What the guest's agent told of file systems and load, under KubeVirt's names.
    func addGuest(_ page: inout MetricsPage) {
        guard agent.isConnected else { return }
        let told = agent.information
        for (name, help, value) in [
            ("capacity", "Total VM filesystem capacity in bytes.", \GuestFilesystem.totalBytes),
            ("used", "Used VM filesystem capacity in bytes.", \GuestFilesystem.usedBytes),
        ] {
            page.add("kubevirt_vmi_filesystem_\(name)_bytes", .gauge, help) { family, labels in
                for system in told.filesystems {
                    guard let bytes = system[keyPath: value] else { continue }
                    family.add(
                        bytes,
                        labels.with("disk_name", system.name).with("mount_point", system.mountpoint)
                            .with("file_system_type", system.type))
                }
            }
        }
        guard let load = told.load else { return }
        for (name, value, help) in [
            ("1m", load.oneMinute, "1 minute"), ("5m", load.fiveMinutes, "5 minutes"),
            ("15m", load.fifteenMinutes, "15 minutes"),
        ] where value.isFinite && value >= 0 && value < 1e9 {
            page.add(
                "kubevirt_vmi_guest_load_\(name)", .gauge,
                "Guest system load average over \(help) as reported by the guest agent."
            ) { $0.add(nanoseconds: UInt64(value * 1e9), $1) }
        }
    }
}

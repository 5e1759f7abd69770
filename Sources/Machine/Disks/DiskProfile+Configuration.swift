// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices

extension DiskProfile {
    /// What a disk's configuration asks for.
    init(_ disk: DiskConfiguration, signals: any DiskSignals) {
        let policy: FailurePolicy =
            switch disk.errorPolicy {
            case .report: .report
            case .ignore: .ignore
            case .stop: .stop
            case .enospace: .noSpace
            }
        self.init(
            name: disk.name, serial: disk.serial, policy: policy,
            logicalBlockBytes: disk.logicalBlockSize.map { Int($0) },
            physicalBlockBytes: disk.physicalBlockSize.map { Int($0) }, signals: signals)
    }
}

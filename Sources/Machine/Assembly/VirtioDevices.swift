// SPDX-License-Identifier: Apache-2.0

internal import Bus
internal import Control
internal import Devices
internal import GuestMemory
internal import Linux
internal import PCI
internal import Sandbox
internal import Virtio

/// The virtio devices of a machine, each behind a PCI function.
final class VirtioDevices: Sendable {
    init(
        _ configuration: MachineConfiguration, descriptors: inout DescriptorBundle, fabric: DeviceFabric, cage: Cage,
        cpus: CPUSet?
    ) throws(MachineError) {
    }

    func pause() {}
    func resume() {}
    func end() {}
    var statistics: [DeviceStatistics] { [] }
}

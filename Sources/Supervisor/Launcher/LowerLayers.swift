// SPDX-License-Identifier: Apache-2.0

import Control
import Volumes

/// The files below the disks of a machine, which come behind the descriptors that were planned.
struct LowerLayers: ~Copyable {
    private var files = DescriptorBundle()
    private var layers: [(disk: String, format: ImageFormat, field: String)] = []
    private var tops: [String: ImageFormat] = [:]

    /// Puts a disk's uppermost file in its planned place, and keeps those below for later.
    mutating func take(_ disk: consuming VolumeDisk, of name: String, field: String, top: inout DescriptorBundle) {
        for (index, format) in disk.formats.enumerated() {
            guard let slot = UInt16(exactly: index).map(DescriptorSlot.init(rawValue:)),
                let file = disk.files.take(slot)
            else { continue }
            if index == 0 {
                tops[name] = format
                _ = top.add(file)
            } else {
                layers.append((name, format, field))
                _ = files.add(file)
            }
        }
    }

    /// Adds what was kept, and tells the machine of it.
    /// - Throws: `SupervisorError` when a message cannot carry that many files.
    mutating func add(
        to bundle: inout DescriptorBundle, _ machine: inout MachineConfiguration
    ) throws(SupervisorError) {
        for index in machine.disks.indices {
            if let format = tops[machine.disks[index].name] { machine.disks[index].format = format }
        }
        for (index, layer) in layers.enumerated() {
            guard let place = UInt16(exactly: index), let file = files.take(DescriptorSlot(rawValue: place)),
                let slot = bundle.add(file), let disk = machine.disks.firstIndex(where: { $0.name == layer.disk })
            else { throw SupervisorError(layer.field, "the machine has too many files; remove some disks") }
            machine.disks[disk].backing.append(ImageLayer(file: slot, format: layer.format))
        }
    }
}

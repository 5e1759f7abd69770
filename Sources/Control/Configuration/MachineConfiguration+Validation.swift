// SPDX-License-Identifier: Apache-2.0

extension MachineConfiguration {
    /// Holds every field against its rules, and every slot against the descriptors that came along.
    ///
    /// The launcher calls this before it acts on a configuration, whoever wrote it. It does not look at the host: what
    /// the host lacks is told by the step that needs it.
    /// - Parameter descriptors: how many descriptors came along; each must be used exactly once.
    /// - Throws: `ConfigurationError` that names the first field at fault.
    public func validate(descriptors: Int) throws(ConfigurationError) {
        try requireName(name, at: "name")
        try cpu.validate()
        try memory.validate(vcpus: cpu.topology.count)
        try boot.validate()
        try smbios.validate()
        try validateDisks()
        try validateNets()
        try validateChannels()
        try vsock?.validate()
        try validateBootOrder()
        try validateSlots(descriptors)
    }

    private func validateDisks() throws(ConfigurationError) {
        try require(disks.count <= ConfigurationLimits.devices, "disks", "more than \(ConfigurationLimits.devices)")
        var names: Set<String> = []
        for (index, disk) in disks.enumerated() {
            let path = "disks[\(index)]"
            try disk.validate(at: path)
            try require(names.insert(disk.name).inserted, "\(path).name", "another disk has this name")
        }
    }

    private func validateNets() throws(ConfigurationError) {
        try require(nets.count <= ConfigurationLimits.devices, "nets", "more than \(ConfigurationLimits.devices)")
        var names: Set<String> = []
        var addresses: Set<MACAddress> = []
        for (index, net) in nets.enumerated() {
            let path = "nets[\(index)]"
            try net.validate(at: path)
            try require(names.insert(net.name).inserted, "\(path).name", "another interface has this name")
            try require(addresses.insert(net.mac).inserted, "\(path).mac", "another interface has this address")
        }
    }

    private func validateChannels() throws(ConfigurationError) {
        try require(
            channels.count <= ConfigurationLimits.channels, "channels", "more than \(ConfigurationLimits.channels)")
        var names: Set<String> = []
        for (index, channel) in channels.enumerated() {
            let path = "channels[\(index)]"
            try channel.validate(at: path)
            try require(names.insert(channel.name).inserted, "\(path).name", "another channel has this name")
        }
        if let balloon {
            try require(
                balloon.statisticsSeconds <= ConfigurationLimits.statisticsSeconds, "balloon.statisticsSeconds",
                "must be at most \(ConfigurationLimits.statisticsSeconds)")
        }
    }

    private func validateBootOrder() throws(ConfigurationError) {
        var orders: Set<UInt32> = []
        for (index, disk) in disks.enumerated() {
            try requireOrder(disk.bootOrder, at: "disks[\(index)].bootOrder", among: &orders)
        }
        for (index, net) in nets.enumerated() {
            try requireOrder(net.bootOrder, at: "nets[\(index)].bootOrder", among: &orders)
        }
    }

    private func requireOrder(
        _ order: UInt32?, at path: String, among orders: inout Set<UInt32>
    ) throws(ConfigurationError) {
        guard let order else { return }
        try require(order >= 1, path, "must be at least 1")
        try require(orders.insert(order).inserted, path, "another device has this place")
    }

    /// Every slot of the configuration with the path of its field.
    var slots: [(path: String, slot: DescriptorSlot)] {
        var slots = [("boot.kernel", boot.kernel)]
        if let initrd = boot.initrd { slots.append(("boot.initrd", initrd)) }
        for (index, disk) in disks.enumerated() {
            for (field, slot) in disk.slots { slots.append(("disks[\(index)].\(field)", slot)) }
        }
        for (index, net) in nets.enumerated() {
            for (queue, tap) in net.taps.enumerated() { slots.append(("nets[\(index)].taps[\(queue)]", tap)) }
            for (queue, file) in net.vhost.enumerated() { slots.append(("nets[\(index)].vhost[\(queue)]", file)) }
        }
        if case .file(let slot) = rng { slots.append(("rng.slot", slot)) }
        if let vsock { slots.append(("vsock.device", vsock.device)) }
        for (index, channel) in channels.enumerated() {
            slots.append(("channels[\(index)].end.slot", channel.end.slot))
        }
        for (name, console) in [("terminal", terminal), ("console", console)] {
            switch console {
            case .nowhere: break
            case .stdio(let input, let output):
                slots.append(("\(name).input", input))
                slots.append(("\(name).output", output))
            case .listener(let slot): slots.append(("\(name).slot", slot))
            }
        }
        return slots.map { (path: $0.0, slot: $0.1) }
    }

    private func validateSlots(_ descriptors: Int) throws(ConfigurationError) {
        try requireEachOnce(slots, among: descriptors)
    }
}

/// Requires that each of so many descriptors is referred to, and once.
func requireEachOnce(
    _ slots: [(path: String, slot: DescriptorSlot)], among descriptors: Int
) throws(ConfigurationError) {
    var used = [Bool](repeating: false, count: max(descriptors, 0))
    for (path, slot) in slots {
        let index = Int(slot.rawValue)
        try require(
            used.indices.contains(index), path, "slot \(index) is not among the \(descriptors) descriptors sent")
        try require(!used[index], path, "slot \(index) is used twice")
        used[index] = true
    }
    if let spare = used.firstIndex(of: false) {
        throw ConfigurationError("descriptors[\(spare)]", "no field refers to it")
    }
}

// SPDX-License-Identifier: Apache-2.0

extension CPUConfiguration {
    func validate() throws(ConfigurationError) {
        try validateTopology()
        try validateFeatures()
        if let pinning { try validate(pinning: pinning) }
        if let emulatorCPUs { try validate(emulatorCPUs: emulatorCPUs) }
    }

    private func validateTopology() throws(ConfigurationError) {
        let levels = [("sockets", topology.sockets), ("cores", topology.cores), ("threads", topology.threads)]
        var count: UInt64 = 1
        for (name, units) in levels {
            try require(units >= 1, "cpu.topology.\(name)", "must be at least 1")
            try require(
                units <= ConfigurationLimits.topologyLevel, "cpu.topology.\(name)",
                "must be at most \(ConfigurationLimits.topologyLevel)")
            // Three factors of at most 1024 each.
            count *= UInt64(units)
        }
        try require(
            count <= UInt64(ConfigurationLimits.vcpus), "cpu.topology",
            "\(count) vCPUs are more than \(ConfigurationLimits.vcpus)")
    }

    private func validateFeatures() throws(ConfigurationError) {
        var names: Set<String> = []
        for (index, feature) in features.enumerated() {
            let path = "cpu.features[\(index)].name"
            try requireName(feature.name, at: path)
            try require(names.insert(feature.name).inserted, path, "named twice")
        }
    }

    private func validate(pinning: [UInt32]) throws(ConfigurationError) {
        try require(
            pinning.count == Int(topology.count), "cpu.pinning",
            "names \(pinning.count) CPUs for \(topology.count) vCPUs")
        try validate(hostCPUs: pinning, at: "cpu.pinning")
    }

    private func validate(emulatorCPUs: [UInt32]) throws(ConfigurationError) {
        try require(!emulatorCPUs.isEmpty, "cpu.emulatorCPUs", "must not be empty")
        try validate(hostCPUs: emulatorCPUs, at: "cpu.emulatorCPUs")
    }

    private func validate(hostCPUs: [UInt32], at path: String) throws(ConfigurationError) {
        var seen: Set<UInt32> = []
        for (index, cpu) in hostCPUs.enumerated() {
            try require(
                cpu <= ConfigurationLimits.hostIndex, "\(path)[\(index)]",
                "must be at most \(ConfigurationLimits.hostIndex)")
            try require(seen.insert(cpu).inserted, "\(path)[\(index)]", "CPU \(cpu) is named twice")
        }
    }
}

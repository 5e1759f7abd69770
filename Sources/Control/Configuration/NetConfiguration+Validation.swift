// SPDX-License-Identifier: Apache-2.0

extension NetConfiguration {
    func validate(at path: String) throws(ConfigurationError) {
        try requireName(name, at: "\(path).name")
        try require(!taps.isEmpty, "\(path).taps", "must not be empty")
        try require(
            taps.count <= ConfigurationLimits.queuePairs, "\(path).taps",
            "must be at most \(ConfigurationLimits.queuePairs)")
        try require(mac.isUnicast, "\(path).mac", "\(mac) must be a unicast address")
        if let mtu {
            try require(
                mtu >= ConfigurationLimits.leastMTU, "\(path).mtu",
                "must be at least \(ConfigurationLimits.leastMTU)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension NetConfiguration {
    func validate(at path: String) throws(ConfigurationError) {
        try requireName(name, at: "\(path).name")
        try require(!taps.isEmpty, "\(path).taps", "must not be empty")
        try require(
            taps.count <= ConfigurationLimits.queuePairs, "\(path).taps",
            "must be at most \(ConfigurationLimits.queuePairs)")
        try require(
            vhost.isEmpty || vhost.count == taps.count, "\(path).vhost", "must be none or one for each of the taps")
        try require(
            vhost.isEmpty || (receiving == nil && sending == nil), "\(path).vhost",
            "cannot be held to a rate; leave out either")
        try require(mac.isUnicast, "\(path).mac", "\(mac) must be a unicast address")
        if let mtu {
            try require(
                mtu >= ConfigurationLimits.leastMTU, "\(path).mtu",
                "must be at least \(ConfigurationLimits.leastMTU)")
        }
    }
}

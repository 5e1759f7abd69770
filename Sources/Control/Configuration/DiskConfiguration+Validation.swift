// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    func validate(at path: String) throws(ConfigurationError) {
        try requireName(name, at: "\(path).name")
        try requireText(serial, at: "\(path).serial", limit: ConfigurationLimits.diskSerial)
        if let blockSize {
            try require(
                [512, 1024, 2048, 4096].contains(blockSize), "\(path).blockSize", "must be 512, 1024, 2048 or 4096")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    /// Refuses what makes sense but what no device of this build serves.
    func requireServed(at path: String) throws(ConfigurationError) {
        try require(format == .raw, "\(path).format", "only raw is served")
    }
}

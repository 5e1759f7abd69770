// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    /// Refuses what makes sense but what no device of this build serves.
    func requireServed(at path: String) throws(ConfigurationError) {
        try require(bus == .virtio, "\(path).bus", "only virtio is served")
        try require(kind == .disk, "\(path).kind", "only disk is served")
        try require(format == .raw, "\(path).format", "only raw is served")
        try require(errorPolicy == .report, "\(path).errorPolicy", "only report is served")
    }
}

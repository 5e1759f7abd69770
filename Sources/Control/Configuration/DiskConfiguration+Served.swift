// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    /// Refuses what makes sense but what no device of this build serves.
    func requireServed(at path: String) throws(ConfigurationError) {
        try require(format == .raw, "\(path).format", "only raw is served")
        try require(!shareable, "\(path).shareable", "shared disks are not served")
        try require(cache == nil, "\(path).cache", "cache modes are not served")
        try require(io == nil, "\(path).io", "I/O modes are not served")
        try require(requestLimit == nil, "\(path).requestLimit", "limits are not served")
        try require(byteLimit == nil, "\(path).byteLimit", "limits are not served")
    }
}

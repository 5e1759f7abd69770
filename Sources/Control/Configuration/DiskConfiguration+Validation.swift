// SPDX-License-Identifier: Apache-2.0

extension DiskConfiguration {
    /// Holds the fields of a disk that comes by itself against their rules.
    /// - Parameter descriptors: how many descriptors came along; each must be used exactly once.
    /// - Throws: `ConfigurationError` that names the first field at fault.
    public func validate(descriptors: Int) throws(ConfigurationError) {
        try validate(at: "disk")
        try requireEachOnce(slots.map { ("disk.\($0.field)", $0.slot) }, among: descriptors)
    }

    func validate(at path: String) throws(ConfigurationError) {
        try requireName(name, at: "\(path).name")
        try requireText(serial, at: "\(path).serial", limit: ConfigurationLimits.diskSerial)
        try validateKind(at: path)
        try validateImage(at: path)
        try validateSharing(at: path)
        try require(
            queues >= 1 && queues <= ConfigurationLimits.diskQueues, "\(path).queues",
            "must be 1 to \(ConfigurationLimits.diskQueues)")
        try validateBlocks(at: path)
        try validateLimit(requestLimit, at: "\(path).requestLimit")
        try validateLimit(byteLimit, at: "\(path).byteLimit")
    }

    private func validateKind(at path: String) throws(ConfigurationError) {
        switch kind {
        case .disk: try require(file != nil, "\(path).file", "is needed; only a cdrom may be empty")
        case .lun:
            try require(bus == .scsi, "\(path).bus", "must be scsi for a lun")
            try require(file != nil, "\(path).file", "is needed; only a cdrom may be empty")
            try require(format == .raw, "\(path).format", "must be raw for a lun")
        case .cdrom:
            try require(bus == .scsi, "\(path).bus", "must be scsi for a cdrom")
            try require(readonly, "\(path).readonly", "must be true for a cdrom")
        }
    }

    private func validateImage(at path: String) throws(ConfigurationError) {
        if file == nil { try require(format == .raw, "\(path).format", "must be raw without media") }
        if format == .raw {
            try require(backing.isEmpty, "\(path).backing", "must be empty below a raw image")
            try require(dataFile == nil, "\(path).dataFile", "belongs to qcow2 images only")
        }
        for (depth, layer) in backing.enumerated() where layer.format == .raw {
            try require(
                depth == backing.count - 1, "\(path).backing[\(depth)].format",
                "raw has no layers below, but more follow")
            try require(
                layer.dataFile == nil, "\(path).backing[\(depth)].dataFile", "belongs to qcow2 images only")
        }
    }

    private func validateSharing(at path: String) throws(ConfigurationError) {
        guard shareable else { return }
        try require(
            cache == nil || cache == DiskCache.none, "\(path).cache",
            "must be none for a shareable disk: other machines do not see this host's page cache")
        try require(
            format == .raw || readonly, "\(path).format",
            "must be raw for a shareable disk: each writer would keep its own tables")
    }

    private func validateBlocks(at path: String) throws(ConfigurationError) {
        for (field, size) in [("logicalBlockSize", logicalBlockSize), ("physicalBlockSize", physicalBlockSize)] {
            guard let size else { continue }
            try require(
                ConfigurationLimits.blockSizes.contains(size) && size & (size - 1) == 0, "\(path).\(field)",
                "must be a power of two from 512 to 2097152")
        }
        if let logicalBlockSize, let physicalBlockSize {
            try require(
                physicalBlockSize >= logicalBlockSize, "\(path).physicalBlockSize",
                "must be at least logicalBlockSize")
        }
    }

    private func validateLimit(_ limit: DiskRateLimit?, at path: String) throws(ConfigurationError) {
        guard let limit else { return }
        let most = ConfigurationLimits.mostPerSecond
        try require(limit.perSecond >= 1, "\(path).perSecond", "must be at least 1; leave the limit out for none")
        try require(limit.perSecond <= most, "\(path).perSecond", "must be at most \(most)")
        if let burst = limit.burst {
            try require(burst >= 1 && burst <= most, "\(path).burst", "must be 1 to \(most)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Storage

extension ImageProperties {
    /// Replaces the sizes of blocks by those that a profile asks for.
    mutating func take(_ profile: DiskProfile) {
        if let logical = profile.logicalBlockBytes { logicalBlockBytes = logical }
        if let physical = profile.physicalBlockBytes { physicalBlockBytes = physical }
        physicalBlockBytes = max(physicalBlockBytes, logicalBlockBytes)
    }
}

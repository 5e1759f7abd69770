// SPDX-License-Identifier: Apache-2.0

@testable import Storage

/// Kinds of images that behave differently inside and alike outside.
enum Shape: String, CaseIterable, Sendable {
    case plain, version2, small, large, extended, narrow, wide, lazy, dataFile, rawDataFile
    case overlay, overlay2, extendedOverlay

    var creation: Qcow2Creation {
        var creation = Qcow2Creation(size: 2 << 20)
        creation.clusterBytes = 4096
        switch self {
        case .plain: creation.clusterBytes = 65_536
        case .version2, .overlay2: creation.version = 2
        case .small: creation.clusterBytes = 512
        case .large: creation.clusterBytes = 1 << 20
        case .extended, .extendedOverlay:
            creation.extendedL2 = true
            creation.clusterBytes = 16_384
        case .narrow:
            creation.refcountBits = 1
            creation.clusterBytes = 512
        case .wide:
            creation.refcountBits = 64
            creation.clusterBytes = 512
        case .lazy: creation.lazyRefcounts = true
        case .dataFile: creation.dataFile = "data"
        case .rawDataFile:
            creation.dataFile = "data"
            creation.dataFileIsRaw = true
        case .overlay: break
        }
        if hasBacking {
            creation.backing = "backing"
            creation.backingFormat = "raw"
        }
        return creation
    }

    var hasBacking: Bool { [.overlay, .overlay2, .extendedOverlay].contains(self) }
    var hasDataFile: Bool { [.dataFile, .rawDataFile].contains(self) }
}

// SPDX-License-Identifier: Apache-2.0

/// Something a unit's driver must hear of before its next command: unit attention conditions (SAM-4 §5.14).
enum Attention: UInt32, CaseIterable, Sendable {
    // In the order in which they are told.
    /// The unit was switched on or reset.
    case reset = 1
    /// Another unit came or went.
    case unitsChanged = 2
    /// Another medium may lie in the drive.
    case mediumChanged = 4
    /// The unit has grown or shrunk.
    case capacityChanged = 8

    /// How it is told.
    var sense: Sense {
        switch self {
        case .reset: Sense(6, 0x29, 0)
        case .unitsChanged: Sense(6, 0x3F, 0x0E)
        case .mediumChanged: Sense(6, 0x28, 0)
        case .capacityChanged: Sense(6, 0x2A, 9)
        }
    }
}

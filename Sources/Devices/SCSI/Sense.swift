// SPDX-License-Identifier: Apache-2.0

/// Why a command did not do what was asked: sense key, additional sense code and its qualifier (SPC-4 §4.5).
struct Sense: Equatable, Sendable {
    var key: UInt8
    var code: UInt8
    var qualifier: UInt8

    init(_ key: UInt8, _ code: UInt8, _ qualifier: UInt8) {
        self.key = key
        self.code = code
        self.qualifier = qualifier
    }

    /// Nothing to tell.
    static let none = Sense(0, 0, 0)
    /// The drive has no medium and its tray is closed.
    static let noMediumTrayClosed = Sense(2, 0x3A, 1)
    /// The drive's tray is open.
    static let noMediumTrayOpen = Sense(2, 0x3A, 2)
    /// The host could not read.
    static let readError = Sense(3, 0x11, 0)
    /// The host could not write.
    static let writeError = Sense(3, 0x0C, 0)
    /// No such operation code.
    static let invalidOperation = Sense(5, 0x20, 0)
    /// The range is not all on the medium.
    static let outOfRange = Sense(5, 0x21, 0)
    /// A field of the command block makes no sense here.
    static let invalidField = Sense(5, 0x24, 0)
    /// There is no such unit.
    static let noUnit = Sense(5, 0x25, 0)
    /// A field of the parameter list makes no sense here.
    static let invalidParameter = Sense(5, 0x26, 0)
    /// The parameter list ends early.
    static let parameterLength = Sense(5, 0x1A, 0)
    /// Saved values of mode pages are not kept.
    static let noSavedPages = Sense(5, 0x39, 0)
    /// The initiator asked for the medium to stay.
    static let removalPrevented = Sense(5, 0x53, 2)
    /// The medium is not to be written.
    static let writeProtected = Sense(7, 0x27, 0)
    /// The host has no space left.
    static let noSpace = Sense(7, 0x27, 7)

    /// Sense data in fixed format (SPC-4 §4.5.3).
    var fixed: [UInt8] { [0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0] }
    /// Sense data in descriptor format (SPC-4 §4.5.2).
    var descriptor: [UInt8] { [0x72, key, code, qualifier, 0, 0, 0, 0] }
    /// Bytes of the fixed format.
    static let fixedBytes = 18
}

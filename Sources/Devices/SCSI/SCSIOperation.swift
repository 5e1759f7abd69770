// SPDX-License-Identifier: Apache-2.0

/// A command that units have, as REPORT SUPPORTED OPERATION CODES tells it (SPC-4 §6.35).
struct SCSIOperation: Sendable {
    let code: UInt8
    /// The service action of commands that have one.
    let action: UInt8?
    /// Which bits of the command block are looked at: as many bytes as the block has.
    let usage: [UInt8]
    let kinds: Kinds
    /// Without a medium it is NOT READY.
    let needsMedium: Bool

    enum Kinds: Sendable { case all, disk, optical }

    private init(
        _ code: UInt8, action: UInt8? = nil, _ kinds: Kinds, medium: Bool = false, _ usage: [UInt8]
    ) {
        self.code = code
        self.action = action
        self.kinds = kinds
        self.usage = [code] + usage
        needsMedium = medium
    }

    func exists(on kind: SCSIKind) -> Bool { kinds == .all || (kinds == .disk) == (kind == .disk) }

    /// The command of an operation code; nil when the unit has it not.
    static func find(_ code: UInt8, action: UInt8, on kind: SCSIKind) -> SCSIOperation? {
        all.first { $0.code == code && $0.exists(on: kind) && ($0.action ?? action) == action }
    }

    private static let ten: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0xFF, 0xFF, 0]
    private static let twelve: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]
    private static let sixteen: [UInt8] = [UInt8](repeating: 0xFF, count: 12) + [0, 0]

    /// Every command there is.
    static let all: [SCSIOperation] = [
        SCSIOperation(0x00, .all, [0, 0, 0, 0, 0]),  // TEST UNIT READY
        SCSIOperation(0x03, .all, [1, 0, 0, 0xFF, 0]),  // REQUEST SENSE
        SCSIOperation(0x08, .all, medium: true, [0x1F, 0xFF, 0xFF, 0xFF, 0]),  // READ (6)
        SCSIOperation(0x0A, .disk, medium: true, [0x1F, 0xFF, 0xFF, 0xFF, 0]),  // WRITE (6)
        SCSIOperation(0x12, .all, [1, 0xFF, 0xFF, 0xFF, 0]),  // INQUIRY
        SCSIOperation(0x15, .disk, [0x11, 0, 0, 0xFF, 0]),  // MODE SELECT (6)
        SCSIOperation(0x1A, .all, [8, 0xFF, 0xFF, 0xFF, 0]),  // MODE SENSE (6)
        SCSIOperation(0x1B, .all, [1, 0, 0x0F, 0xF7, 0]),  // START STOP UNIT
        SCSIOperation(0x1E, .optical, [0, 0, 0, 3, 0]),  // PREVENT ALLOW MEDIUM REMOVAL
        SCSIOperation(0x25, .all, medium: true, [0, 0, 0, 0, 0, 0, 0, 0, 0]),  // READ CAPACITY (10)
        SCSIOperation(0x28, .all, medium: true, [0xF8] + ten),  // READ (10)
        SCSIOperation(0x2A, .disk, medium: true, [0xF8] + ten),  // WRITE (10)
        SCSIOperation(0x2B, .all, medium: true, [0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]),  // SEEK (10)
        SCSIOperation(0x2E, .disk, medium: true, [0xF0] + ten),  // WRITE AND VERIFY (10)
        SCSIOperation(0x2F, .all, medium: true, [0xF6] + ten),  // VERIFY (10)
        SCSIOperation(0x35, .disk, [2] + ten),  // SYNCHRONIZE CACHE (10)
        SCSIOperation(0x41, .disk, medium: true, [0xF8] + ten),  // WRITE SAME (10)
        SCSIOperation(0x42, .disk, medium: true, [1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0]),  // UNMAP
        SCSIOperation(0x43, .optical, medium: true, [2, 0x0F, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0]),  // READ TOC
        SCSIOperation(0x46, .optical, [3, 0xFF, 0xFF, 0, 0, 0, 0xFF, 0xFF, 0]),  // GET CONFIGURATION
        // GET EVENT STATUS NOTIFICATION
        SCSIOperation(0x4A, .optical, [1, 0, 0, 0xFF, 0, 0, 0xFF, 0xFF, 0]),
        SCSIOperation(0x51, .optical, medium: true, [7, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0]),  // READ DISC INFORMATION
        SCSIOperation(0x55, .disk, [0x11, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0]),  // MODE SELECT (10)
        SCSIOperation(0x5A, .all, [0x18, 0xFF, 0xFF, 0, 0, 0, 0xFF, 0xFF, 0]),  // MODE SENSE (10)
        SCSIOperation(0x88, .disk, medium: true, [0xF8] + sixteen),  // READ (16)
        SCSIOperation(0x8A, .disk, medium: true, [0xF8] + sixteen),  // WRITE (16)
        SCSIOperation(0x8E, .disk, medium: true, [0xF0] + sixteen),  // WRITE AND VERIFY (16)
        SCSIOperation(0x8F, .disk, medium: true, [0xF6] + sixteen),  // VERIFY (16)
        SCSIOperation(0x91, .disk, [2] + sixteen),  // SYNCHRONIZE CACHE (16)
        SCSIOperation(0x93, .disk, medium: true, [0xF9] + sixteen),  // WRITE SAME (16)
        // READ CAPACITY (16)
        SCSIOperation(
            0x9E, action: 0x10, .disk, medium: true, [0x1F, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]),
        SCSIOperation(0xA0, .all, [0, 0xFF, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]),  // REPORT LUNS
        // REPORT SUPPORTED OPERATION CODES
        SCSIOperation(0xA3, action: 0x0C, .all, [0x1F, 0x87, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0]),
        SCSIOperation(0xA8, .all, medium: true, [0xF8] + twelve),  // READ (12)
        SCSIOperation(0xAA, .disk, medium: true, [0xF8] + twelve),  // WRITE (12)
        SCSIOperation(0xAF, .all, medium: true, [0xF6] + twelve),  // VERIFY (12)
        SCSIOperation(0xBD, .optical, [0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0]),  // MECHANISM STATUS
    ]
}

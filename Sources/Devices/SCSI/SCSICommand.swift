// SPDX-License-Identifier: Apache-2.0

/// What a command block asks of a unit, judged by its fields alone; offsets and counts are bytes.
///
/// Consequences of what a hostile or broken driver can send, each for this command only:
///
/// | command block | consequence |
/// |---|---|
/// | an operation code the unit has not | ILLEGAL REQUEST, invalid operation code |
/// | a field with a value that is not served | ILLEGAL REQUEST, invalid field |
/// | a range not all on the medium | ILLEGAL REQUEST, block address out of range |
/// | a write to a medium that is not to be written | DATA PROTECT |
/// | a medium access without a medium | NOT READY |
enum SCSICommand: Equatable {
    /// Data to the driver.
    case read(offset: UInt64, count: UInt64)
    /// Data from the driver; `durable` completes when they are on stable storage.
    case write(offset: UInt64, count: UInt64, durable: Bool)
    /// All caches to stable storage.
    case flush
    /// Ranges to forget, in a parameter list of so many bytes.
    case unmap(parameters: Int)
    /// One block from the driver, or zeros, over a range; `unmap` allows its space to be given back.
    case writeSame(offset: UInt64, count: UInt64, unmap: Bool, hasData: Bool)
    /// Data to the driver that the unit makes up, at most so many bytes.
    case answer(limit: Int)
    /// A mode parameter list of so many bytes.
    case modeSelect(parameters: Int, isLong: Bool)
    /// The tray is to move.
    case tray(open: Bool)
    /// The medium is to stay, or may go.
    case preventRemoval(Bool)
    /// Nothing to do but to say so.
    case good
    /// Not done.
    case refused(Sense)
}

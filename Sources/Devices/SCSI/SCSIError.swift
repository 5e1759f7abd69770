// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why a unit cannot be attached, detached or changed; each names the remedy.
public enum SCSIError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The number is taken or there is no such number.
    case noPlace(Int)
    /// There is no unit of this number.
    case noUnit(Int)
    /// Only a CD-ROM drive has a medium that can be changed.
    case notRemovable(Int)
    /// The guest holds the medium.
    case locked(Int)
    /// A controller with so many queues takes as many engines for each unit.
    case engines(Int)
    /// The host refused.
    case failed(Errno)

    /// One line.
    public var description: String {
        switch self {
        case .noPlace(let unit): "SCSI unit \(unit) is taken or not to be had; take another from 0 to 255"
        case .noUnit(let unit): "There is no SCSI unit \(unit)"
        case .notRemovable(let unit): "SCSI unit \(unit) is no CD-ROM drive; detach the disk instead"
        case .locked(let unit):
            "The guest holds the medium of SCSI unit \(unit) and was asked to give it up; try again, or force it"
        case .engines(let count): "A unit needs \(count) engines, one a queue"
        case .failed(let error): "The host refused (\(error))"
        }
    }
}

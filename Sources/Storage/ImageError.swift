// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why a disk image cannot be used; each names the image and the remedy.
public enum ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no such file.
    case missing(String)
    /// The process may not open it.
    case forbidden(String, writing: Bool)
    /// It is a directory, a pipe, a terminal …
    case notADisk(String)
    /// Somebody else has it open for writing, or for reading while we want to write.
    case busy(String, writing: Bool)
    /// It has no bytes.
    case empty(String)
    /// It was to be written but its descriptor is open for reading only.
    case descriptorIsReadOnly(String)
    /// The host refused otherwise.
    case failed(String, Errno)

    /// One line that says what to do.
    public var description: String {
        switch self {
        case .missing(let name): "Disk \(name) does not exist; create it or correct the path"
        case .forbidden(let name, let writing):
            "Disk \(name) may not be opened for \(writing ? "writing" : "reading"); change its owner or mode"
                + (writing ? ", or attach it read-only" : "")
        case .notADisk(let name): "Disk \(name) is neither a regular file nor a block device; name one of these"
        case .busy(let name, true):
            "Disk \(name) is in use by another process; stop that one first, or attach the disk read-only to both"
        case .busy(let name, false): "Disk \(name) is being written by another process; stop that one first"
        case .empty(let name): "Disk \(name) holds no bytes; give it a size, for instance with truncate -s 10G"
        case .descriptorIsReadOnly(let name):
            "Disk \(name) was opened for reading only; open it for writing or attach it read-only"
        case .failed(let name, let error): "Disk \(name) cannot be used (\(error)); check the file system it lies on"
        }
    }
}

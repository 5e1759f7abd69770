// SPDX-License-Identifier: Apache-2.0

import Linux

/// An open file and the path at which it was found.
final class OpenedFile {
    private let file: FileDescriptor
    let path: String

    init(file: consuming FileDescriptor, path: String) {
        self.file = file
        self.path = path
    }

    /// Lets a function look at the open file.
    func look<Result, Failure: Error>(
        _ body: (borrowing FileDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result { try body(file) }

    /// A descriptor of it, for somebody to keep; its lock goes along.
    /// - Throws: `VolumeError`.
    func descriptor(field: String) throws(VolumeError) -> FileDescriptor {
        do throws(Errno) { return try file.duplicate() } catch {
            throw VolumeError(field, "\(path) cannot be kept open: \(error.reason)")
        }
    }
}

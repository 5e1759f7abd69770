// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A small ISO 9660 disk with Joliet and Rock Ridge names, the same bytes for the same files.
struct ISOImage {
    /// Most bytes of all files together: a ConfigMap or a Secret holds 1 MiB.
    static let mostBytes = 64 << 20
    /// Most characters of a label (ECMA-119 8.4.7).
    static let longestLabel = 32

    /// The label by which guests know the disk.
    let label: String
    /// The files by their relative paths.
    let files: [(path: String, content: [UInt8])]

    /// A disk of these files.
    /// - Throws: `VolumeError` when the label is none.
    init(label: String, files: [(path: String, content: [UInt8])], field: String) throws(VolumeError) {
        guard (1...Self.longestLabel).contains(label.utf8.count), label.utf8.allSatisfy({ (32..<127).contains($0) })
        else {
            throw VolumeError(
                "\(field).volumeLabel", "must be 1 to \(Self.longestLabel) printable ASCII characters; shorten it")
        }
        self.label = label
        self.files = files
    }

    /// Writes the disk to a path and opens it for reading.
    /// - Throws: `VolumeError`.
    func make(at image: String, by xorriso: String, _ made: MadeFiles, field: String) throws(VolumeError)
        -> FileDescriptor
    {
        let folder = "\(image).files"
        try made.prepare(image, field: field)
        try made.prepare(folder, field: field)
        defer { FileTree.remove(folder) }
        do throws(Errno) {
            try FileTree.makeDirectory(folder)
            for file in files {
                try FileTree.makeDirectories(of: file.path, in: folder)
                let written = try FileDescriptor.open("\(folder)/\(file.path)", O_WRONLY | O_CREAT | O_EXCL)
                try written.writeAll(file.content)
            }
        } catch {
            throw VolumeError(field, "the disk cannot be made in \(folder): \(error.reason)")
        }
        let arguments = [
            "-as", "mkisofs", "-quiet", "-output", image, "-volid", label, "-joliet", "-joliet-long", "-rational-rock",
            "--modification-date=2020010100000000", "--set_all_file_dates", "2020010100000000", folder,
        ]
        let environment = ["LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1577836800", "HOME=\(folder)"]
        try Tool(path: xorriso, package: "xorriso", environment: environment)
            .run(arguments, to: "make the disk", field: field)
        return try DiskFile.open(image, isReadOnly: true, field: field)
    }
}

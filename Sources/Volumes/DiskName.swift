// SPDX-License-Identifier: Apache-2.0

/// Where the disk lies in a container image.
enum DiskName {
    /// The folder for it.
    static let folder = "disk"

    /// The path of the only file of the folder that is not hidden.
    /// - Throws: `VolumeError` when there is none, or more than one.
    static func only(of names: [String], in image: String, field: String) throws(VolumeError) -> String {
        let names = names.filter { !$0.hasPrefix(".") }
        guard let name = names.first else {
            throw VolumeError("\(field).image", "\(image) has no file in /disk; name the file by path")
        }
        guard names.count == 1 else {
            throw VolumeError(
                "\(field).path", "\(image) has \(names.count) files in /disk; name one, such as /disk/\(name)")
        }
        return "/\(folder)/\(name)"
    }
}

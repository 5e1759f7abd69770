// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Makes image files that were not there before.
public enum NewImage {
    /// Makes a raw image that is one hole.
    /// - Throws: `Qcow2Error`.
    public static func raw(_ path: String, bytes: UInt64) throws(Qcow2Error) {
        guard bytes > 0 else { throw Qcow2Error(path, "needs a size; give one, for example 10G") }
        _ = try make(path, bytes: bytes)
    }

    /// Makes an empty qcow2 image, and its data file where it has one.
    /// - Throws: `Qcow2Error`; nothing is left behind then.
    public static func qcow2(_ path: String, _ creation: Qcow2Creation) throws(Qcow2Error) {
        try creation.judge(path)
        let file = try make(path, bytes: 1)
        var data: String?
        do {
            if let name = creation.dataFile {
                let dataPath = try ImageLocator.resolve(name, from: path)
                _ = try make(dataPath, bytes: max(creation.size, 512))
                data = dataPath
            }
            let image = try ImageFile(owning: file, name: path, readOnly: false, end: .zeros)
            try creation.write(to: try OpenMetadataFile(image), name: path)
        } catch {
            _ = unsafe unlink(path)
            if let data { _ = unsafe unlink(data) }
            throw error as? Qcow2Error ?? Qcow2Error(path, "cannot be written (\(error))")
        }
    }

    /// What an overlay of an image must know of it: its size in bytes and its format.
    /// - Parameter overlay: the image from whose directory the name is looked up.
    /// - Throws: `ImageError` or `Qcow2Error`.
    public static func look(
        at backing: String, from overlay: String, format: ImageChain.Part.Format?
    ) throws -> (bytes: UInt64, format: ImageChain.Part.Format) {
        let path = try ImageLocator.resolve(backing, from: overlay)
        let parts = try ImageLocator.open(path, readOnly: true, format: format)
        guard parts[0].format == .qcow2 else { return (parts[0].file.properties.capacity, .raw) }
        return (try ImageChain(parts, readOnly: true).image.capacity, .qcow2)
    }

    private static func make(_ path: String, bytes: UInt64) throws(Qcow2Error) -> FileDescriptor {
        do throws(Errno) {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o644)
            do throws(Errno) {
                guard let length = Int64(exactly: bytes) else { throw Errno(code: EFBIG, call: "ftruncate") }
                try file.truncate(to: length)
            } catch {
                _ = unsafe unlink(path)
                throw error
            }
            return file
        } catch {
            if error.code == EEXIST { throw Qcow2Error(path, "exists already; remove it or take another name") }
            throw Qcow2Error(path, "cannot be made (\(error))")
        }
    }
}

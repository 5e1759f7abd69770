// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// The small disk labelled `cidata` in which cloud-init's NoCloud data source looks for its data.
///
/// The same manifest makes the same disk, byte for byte: guests take a changed one for a new instance.
struct CloudInitDisk {
    /// The files of the disk by name.
    let files: [(name: String, content: [UInt8])]

    /// The label by which cloud-init knows the disk (cloud-init, "NoCloud").
    static let label = "cidata"
    /// The least size that some firmware takes for a disk, in 2 KiB blocks; xorriso pads below it by itself.
    private static let outputLimit = 4096

    init(_ source: CloudInitSource, of instance: VirtualMachineInstance) {
        let metadata = JSONValue.object([
            "instance-id": .string("\(instance.metadata.name).\(instance.metadata.namespace)"),
            "local-hostname": .string(instance.guestHostname),
        ])
        var files = [("user-data", source.userData ?? []), ("meta-data", metadata.encoded())]
        if let network = source.networkData { files.append(("network-config", network)) }
        self.files = files.map { (name: $0.0, content: $0.1) }
    }

    /// Writes the disk into a directory and opens it for reading.
    /// - Throws: `VolumeError`.
    func make(
        named name: String, in directory: String, by xorriso: String, field: String
    ) throws(VolumeError) -> FileDescriptor {
        let folder = "\(directory)/\(name).cidata"
        let image = "\(directory)/\(name).iso"
        defer { remove(folder) }
        do throws(Errno) {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Errno(code: errno, call: "mkdir") }
            for file in files {
                let written = try FileDescriptor.open("\(folder)/\(file.name)", O_WRONLY | O_CREAT | O_TRUNC)
                try written.writeAll(file.content)
            }
        } catch {
            throw VolumeError(field, "the cloud-init disk cannot be made in \(directory): \(error.reason)")
        }
        try write(folder, to: image, by: xorriso, field: field)
        return try DiskFile.open(image, isReadOnly: true, field: field)
    }

    private func write(
        _ folder: String, to image: String, by xorriso: String, field: String
    ) throws(VolumeError) {
        let arguments = [
            "-as", "mkisofs", "-quiet", "-output", image, "-volid", Self.label, "-joliet", "-rational-rock",
            "--modification-date=2020010100000000", "--set_all_file_dates", "2020010100000000", folder,
        ]
        let environment = ["LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1577836800", "HOME=\(folder)"]
        let end: ChildProcess.End?
        var said: [UInt8] = []
        do throws(Errno) {
            let null = try FileDescriptor.open("/dev/null", O_RDWR)
            let output = try FileDescriptor.memory(named: "xorriso")
            var child = try ChildProcess(
                xorriso, arguments, environment: environment,
                passing: [
                    .init(null.raw, as: 0), .init(null.raw, as: 1), .init(output.raw, as: 2),
                ])
            end = child.end(waiting: true)
            said = [UInt8](repeating: 0, count: Self.outputLimit)
            let count = try said.withUnsafeMutableBytes { buffer in
                Result { () throws(Errno) in try output.read(into: buffer, at: 0) }
            }.get()
            said.removeSubrange(count...)
        } catch {
            guard error.code == ENOENT else {
                throw VolumeError(field, "\(xorriso) cannot be run: \(error.reason)")
            }
            throw VolumeError(field, "\(xorriso) is needed and missing; install it (Debian: apt install xorriso)")
        }
        guard end == .exited(0) else {
            let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
            let reason =
                lines.last { $0.contains("FAILURE") || $0.contains("FATAL") } ?? lines.last ?? "no reason given"
            throw VolumeError(field, "xorriso failed to make the cloud-init disk: \(reason)")
        }
    }

    private func remove(_ folder: String) {
        for file in files { unlink("\(folder)/\(file.name)") }
        rmdir(folder)
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Storage

/// `apus image resize FILE SIZE`.
struct ImageResize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Make a disk larger or smaller.")

    @Argument(help: "The image; no VM uses it (apus resizevolume makes a running VM's larger).")
    var file: String

    @Argument(help: "The new size, for example 20G, or a change, for example +5G.")
    var size: ImageSize

    @Option(name: .shortAndLong, help: "raw or qcow2; found by the contents otherwise.")
    var format: ImageFormatName?

    @Flag(help: "Cut off what lies behind the new end.")
    var shrink = false

    func run() throws {
        try Output.reporting {
            var disk = try OpenDisk(file, readOnly: false, format: format?.format)
            let old = disk.capacity
            let new: UInt64
            switch size.change {
            case "+": new = old.addingReportingOverflow(size.bytes).partialValue
            case "-": new = old - min(old, size.bytes)
            default: new = size.bytes
            }
            guard new > 0, new <= UInt64(Int64.max), size.change != "+" || new >= old else {
                throw Qcow2Error(file, "cannot be \(new) bytes large; give another size")
            }
            guard new >= old || shrink else {
                throw Qcow2Error(
                    file,
                    "is \(ImageSize.text(old)) and would lose what lies behind the new end; say --shrink if that is meant"
                )
            }
            do throws(Errno) {
                try disk.resize(to: new)
                try disk.close()
            } catch {
                switch error.code {
                case EBUSY:
                    throw Qcow2Error(file, "has internal snapshots and cannot be made smaller; delete them first")
                case EOPNOTSUPP:
                    throw Qcow2Error(file, "is of version 2 and shorter than its backing file; convert it to version 3")
                case EINVAL where disk.format == .raw:
                    throw Qcow2Error(file, "is no regular file; resize the device itself")
                default: throw Qcow2Error(file, "cannot be resized (\(error))")
                }
            }
        }
    }
}

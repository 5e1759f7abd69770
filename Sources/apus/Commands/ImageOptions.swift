// SPDX-License-Identifier: Apache-2.0

import Storage

/// The options of `-o`, named as QEMU names them.
enum ImageOptions {
    /// Puts options into a creation.
    /// - Throws: `Qcow2Error` that names the option.
    static func apply(_ lists: [String], to creation: inout Qcow2Creation, of path: String) throws(Qcow2Error) {
        for option in lists.flatMap({ $0.split(separator: ",") }) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let value = parts.count > 1 ? String(parts[1]) : "on"
            switch name {
            case "cluster_size":
                guard let size = ImageSize(argument: value), size.change == nil else {
                    throw wrong(path, name, value, "a size such as 64K")
                }
                creation.clusterBytes = size.bytes
            case "refcount_bits":
                guard let bits = Int(value) else { throw wrong(path, name, value, "1, 2, 4, 8, 16, 32 or 64") }
                creation.refcountBits = bits
            case "compat":
                switch value {
                case "0.10", "v2": creation.version = 2
                case "1.1", "v3": creation.version = 3
                default: throw wrong(path, name, value, "0.10 or 1.1")
                }
            case "lazy_refcounts": creation.lazyRefcounts = try flag(path, name, value)
            case "extended_l2": creation.extendedL2 = try flag(path, name, value)
            case "data_file": creation.dataFile = value
            case "data_file_raw": creation.dataFileIsRaw = try flag(path, name, value)
            default:
                throw Qcow2Error(
                    path,
                    "has no option \(name); there are cluster_size, refcount_bits, compat, lazy_refcounts, extended_l2, "
                        + "data_file and data_file_raw")
            }
        }
    }

    private static func flag(_ path: String, _ name: String, _ value: String) throws(Qcow2Error) -> Bool {
        switch value {
        case "on", "true": true
        case "off", "false": false
        default: throw wrong(path, name, value, "on or off")
        }
    }

    private static func wrong(_ path: String, _ name: String, _ value: String, _ rule: String) -> Qcow2Error {
        Qcow2Error(path, "option \(name) is \"\(value)\"; make it \(rule)")
    }
}

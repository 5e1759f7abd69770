// SPDX-License-Identifier: Apache-2.0

import Control

/// What `--disk` was told: paths where a configuration has slots.
struct DiskFlag {
    /// A file below the disk's own.
    struct Layer {
        var path: String
        var format = ImageFormat.raw
        var dataFile: String?
    }

    var path: String?
    var backing: [Layer] = []
    var dataFile: String?
    /// Everything else; its slots are filled in when the files are open.
    var disk = DiskConfiguration(name: "", file: nil)

    /// Reads `KEY=VALUE` pairs.
    /// - Throws: `FlagError` that names the flag and the key.
    init(_ name: String, _ pairs: [(String, String)]) throws(FlagError) {
        for (key, text) in pairs { try take("\(name) \(key)", key, text) }
        guard path != nil || disk.kind == .cdrom else { throw FlagError(name, "needs path=FILE") }
        guard path != "" else { throw FlagError(name, "needs path=FILE") }
    }

    private mutating func take(_ name: String, _ key: String, _ text: String) throws(FlagError) {
        switch key {
        case "path": path = text
        case "format": disk.format = try DiskFlag.choice(name, text, "raw or qcow2")
        case "data-file": dataFile = text
        case "backing": backing.append(Layer(path: text))
        case "backing-format", "backing-data-file":
            guard !backing.isEmpty else { throw FlagError(name, "must follow the backing= it belongs to") }
            if key == "backing-format" {
                backing[backing.count - 1].format = try DiskFlag.choice(name, text, "raw or qcow2")
            } else {
                backing[backing.count - 1].dataFile = text
            }
        case "bus": disk.bus = try DiskFlag.choice(name, text, "virtio or scsi")
        case "kind": disk.kind = try DiskFlag.choice(name, text, "disk, lun or cdrom")
        case "serial": disk.serial = text
        case "readonly": disk.readonly = try Flags.isOn(name, text)
        case "shareable": disk.shareable = try Flags.isOn(name, text)
        case "cache": disk.cache = try DiskFlag.choice(name, text, "none, writethrough or writeback") as DiskCache
        case "io": disk.io = try DiskFlag.choice(name, text, "native or threads") as DiskIO
        case "queues": disk.queues = try DiskFlag.number(name, text)
        case "error-policy": disk.errorPolicy = try DiskFlag.choice(name, text, "stop, report, ignore or enospace")
        case "logical-block": disk.logicalBlockSize = try DiskFlag.number(name, text) as UInt32
        case "physical-block": disk.physicalBlockSize = try DiskFlag.number(name, text) as UInt32
        case "iops", "iops-burst":
            try DiskFlag.limit(name, try DiskFlag.number(name, text), isBurst: key != "iops", &disk.requestLimit)
        case "bps", "bps-burst":
            try DiskFlag.limit(name, try Flags.bytes(name, text), isBurst: key != "bps", &disk.byteLimit)
        default: throw FlagError(name, "is not known; --help lists all keys")
        }
    }

    private static func choice<Choice: RawRepresentable<String>>(
        _ name: String, _ text: String, _ all: String
    ) throws(FlagError) -> Choice {
        guard let choice = Choice(rawValue: text) else { throw FlagError(name, "must be \(all), not '\(text)'") }
        return choice
    }

    private static func number<Number: FixedWidthInteger>(_ name: String, _ text: String) throws(FlagError) -> Number {
        guard let number = Number(text) else { throw FlagError(name, "must be a number, not '\(text)'") }
        return number
    }

    private static func limit(
        _ name: String, _ value: UInt64, isBurst: Bool, _ limit: inout DiskRateLimit?
    ) throws(FlagError) {
        guard isBurst else { return limit = DiskRateLimit(perSecond: value) }
        guard limit != nil else { throw FlagError(name, "must follow the limit it belongs to") }
        limit?.burst = value
    }
}

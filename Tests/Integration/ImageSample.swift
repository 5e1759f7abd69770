// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A disk of 32 MiB made by QEMU's tools. What lies in layers below is `0x5A` everywhere.
struct ImageSample {
    enum Kind: String, CaseIterable {
        case raw
        case qcow2
        case onRaw = "qcow2 on raw"
        case onImage = "qcow2 on qcow2"
        case onBoth = "qcow2 on qcow2 on raw"
        case withDataFile = "qcow2 with a data file"
        case withSubclusters = "qcow2 with subclusters"
        case smallOnRaw = "qcow2 with clusters of a sector, on raw"
    }

    /// Whether QEMU's tools are here.
    static let hasTools = ["qemu-img", "qemu-io"].allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 }
    private static let bytes = 32 << 20

    let kind: Kind
    let path: String
    private var below: [(path: String, isImage: Bool)] = []
    private var dataFile: String?

    /// Makes the files.
    init(_ kind: Kind, in scratch: Scratch) throws {
        self.kind = kind
        path = scratch.path("disk")
        switch kind {
        case .raw: _ = try scratch.file("disk", size: Self.bytes)
        case .qcow2: try Self.image("create -q -f qcow2 \(path) 32M")
        case .withSubclusters: try Self.image("create -q -f qcow2 -o extended_l2=on,cluster_size=128k \(path) 32M")
        case .withDataFile:
            dataFile = scratch.path("data")
            try Self.image("create -q -f qcow2 -o data_file=\(scratch.path("data")),data_file_raw=on \(path) 32M")
        case .onRaw:
            below = [(try Self.full("base", in: scratch), false)]
            try Self.image("create -q -f qcow2 -b \(below[0].path) -F raw \(path)")
        case .smallOnRaw:
            below = [(try Self.full("base", in: scratch), false)]
            try Self.image("create -q -f qcow2 -o cluster_size=512 -b \(below[0].path) -F raw \(path)")
        case .onImage, .onBoth:
            let middle = scratch.path("middle")
            if kind == .onImage {
                try Self.image("convert -q -f raw -O qcow2 \(try Self.full("base", in: scratch)) \(middle)")
                below = [(middle, true)]
            } else {
                below = [(middle, true), (try Self.full("base", in: scratch), false)]
                try Self.image("create -q -f qcow2 -b \(below[1].path) -F raw \(middle)")
            }
            try Self.image("create -q -f qcow2 -b \(middle) -F qcow2 \(path)")
        }
    }

    /// The disk as `--disk` takes it.
    var flag: String {
        var flag = "path=\(path),format=\(kind == .raw ? "raw" : "qcow2")"
        if let dataFile { flag += ",data-file=\(dataFile)" }
        for layer in below { flag += ",backing=\(layer.path),backing-format=\(layer.isImage ? "qcow2" : "raw")" }
        return flag
    }

    /// Expects an image without errors or leaks.
    func expectClean() throws {
        guard kind != .raw else { return }
        try Self.image("check -q -f qcow2 \(path)")
    }

    /// Expects that the disk has these bytes in the 8 MiB from 24 MiB on, which guests of a smaller `size=` leave alone.
    func expectUntouched() throws {
        let byte = below.isEmpty ? "0" : "0x5a"
        let format = kind == .raw ? "raw" : "qcow2"
        try Self.run(
            "qemu-io -r -f \(format) -c 'read -P \(byte) 24M 8M' \(path) 2>&1 | grep -v failed | grep -q 'read 8388608'"
        )
    }

    /// Expects that the layers below are as they were.
    func expectBelowUntouched() throws {
        guard let layer = below.last else { return }
        let format = layer.isImage ? "qcow2" : "raw"
        try Self.run(
            "! qemu-io -r -f \(format) -c 'read -P 0x5a 0 32M' \(layer.path) 2>&1 | grep -q failed")
    }

    private static func full(_ name: String, in scratch: Scratch) throws -> String {
        try scratch.file(name, Array(repeating: 0x5A, count: bytes))
    }

    private static func image(_ words: String) throws { try run("qemu-img \(words)") }

    private static func run(_ command: String) throws {
        let status = system("PATH=/usr/bin:/bin; \(command)")
        try #require(status == 0, "\(command)")
    }
}

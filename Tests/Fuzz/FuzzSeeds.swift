// SPDX-License-Identifier: Apache-2.0

import Glibc

/// First inputs, so that a fuzzer need not guess what a good one looks like: written to the folder `APUS_FUZZ_SEEDS`
/// names, before libFuzzer reads it.
enum FuzzSeeds {
    static func write(_ name: String, _ bytes: [UInt8]) {
        guard let folder = getenv("APUS_FUZZ_SEEDS") else { return }
        let file = open("\(String(cString: folder))/seed-\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        must(file >= 0, "a seed cannot be written")
        must(Glibc.write(file, bytes, bytes.count) == bytes.count, "a seed cannot be written")
        close(file)
    }

    /// Little-endian bytes.
    static func le<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

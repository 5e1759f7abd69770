// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Small text files of /proc and /sys.
enum KernelFile {
    /// The text without the line end that closes it, or nil when it cannot be read.
    static func text(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY), let bytes = try? file.readAll(limit: 1 << 20) else {
            return nil
        }
        let end = bytes.lastIndex { $0 != 0x0A && $0 != 0x20 }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// The numbers of the kernel's list format, such as "0-3,8"; what is none is left out.
    static func list(_ text: String) -> [Int] {
        var numbers: [Int] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-").map { Int($0) }
            if ends.count == 1, let only = ends[0] {
                numbers.append(only)
            } else if ends.count == 2, let first = ends[0], let last = ends[1], first <= last, last - first < 65_536 {
                numbers += first...last
            }
        }
        return numbers.sorted()
    }
}

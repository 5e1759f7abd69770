// SPDX-License-Identifier: Apache-2.0

import Linux

/// Small text files of /proc and /sys.
enum HostFile {
    /// The text without what closes its last line, or nil when it cannot be read.
    static func text(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, 0), let bytes = try? file.readAll(limit: 1 << 20) else {
            return nil
        }
        let end = bytes.lastIndex { $0 != 0x0A && $0 != 0x20 }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// Whether there is a file or directory of that name.
    static func exists(_ path: String) -> Bool { (try? FileDescriptor.open(path, 0)) != nil }

    /// How an attempt to open a device ended: nil when it was opened.
    static func refusal(_ path: String) -> Errno? {
        do throws(Errno) { _ = try FileDescriptor.open(path, 2) } catch { return error }
        return nil
    }

    /// What a refusal means for a device.
    static func reason(_ error: Errno) -> String {
        switch error.code {
        case 2: "is missing"
        case 1, 13: "may not be opened by this user"
        default: "cannot be opened: \(error.reason)"
        }
    }
}

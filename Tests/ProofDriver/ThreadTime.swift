// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What a thread of another process has had of the CPU.
enum ThreadTime {
    /// Nanoseconds on the CPU, from `/proc/PID/task/TID/schedstat`; nil when the thread is gone.
    static func nanoseconds(process: pid_t, thread: Int32) -> UInt64? {
        number(in: "/proc/\(process)/task/\(thread)/schedstat", at: 0)
    }

    /// The word of that number in a small file of the kernel's.
    static func number(in path: String, at index: Int) -> UInt64? {
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file.raw, &bytes, bytes.count)
        let words = String(decoding: bytes[..<max(count, 0)], as: UTF8.self).split { $0 == " " || $0 == "\n" }
        return words.indices.contains(index) ? UInt64(words[index]) : nil
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A failed system call: its name and the error number it returned.
public struct Errno: Error, Sendable, CustomStringConvertible {
    /// The positive error number, as in `errno(3)`.
    public let code: Int32
    /// The call that failed, as its manual page names it.
    public let call: StaticString

    /// Names a failure of `call`.
    public init(code: Int32, call: StaticString) {
        self.code = code
        self.call = call
    }

    /// The system's own words for the code, such as "Permission denied".
    public var reason: String {
        // SAFETY: strerror_l returns a string valid until the next call in this thread; it is copied at once.
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// "call: reason".
    public var description: String { "\(call): \(reason)" }
}

extension Errno: Equatable {
    /// Two failures are equal when their codes are, whichever call met them.
    public static func == (a: Errno, b: Errno) -> Bool { a.code == b.code }
}

extension Errno {
    /// Turns a raw result (negative: `-errno`) into a value or an error.
    /// - Throws: `Errno` when `result` is negative.
    @inline(__always)
    @discardableResult
    public static func check(_ result: Int, _ call: StaticString) throws(Errno) -> Int {
        guard result >= 0 else { throw Errno(code: Int32(truncatingIfNeeded: 0 &- result), call: call) }
        return result
    }
}

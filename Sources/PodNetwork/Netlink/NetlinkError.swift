// SPDX-License-Identifier: Apache-2.0

import Linux

/// A request that the kernel refused, with its own words where it gave some.
struct NetlinkError: Error, CustomStringConvertible {
    /// The error number.
    let errno: Errno
    /// What was asked for, such as "make the bridge k6t-eth0".
    let request: String
    /// The kernel's words (NLMSGERR_ATTR_MSG); empty where it gave none.
    let words: String

    var description: String {
        "cannot \(request): \(errno.reason)\(words.isEmpty ? "" : " (\(words))")"
    }
}

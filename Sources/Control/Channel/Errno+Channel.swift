// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension Errno {
    /// Whether the call would have had to wait.
    var isWouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }

    /// Whether the call failed because the other end is gone.
    var isPeerGone: Bool { code == EPIPE || code == ECONNRESET }
}

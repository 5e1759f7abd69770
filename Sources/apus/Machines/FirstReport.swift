// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What is told once to whoever waits for a machine's first start.
final class FirstReport {
    private let socket: FileDescriptor
    /// Whether it was told.
    private(set) var wasTold = false

    init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Tells it, unless something was told before.
    func tell(_ line: String) {
        guard !wasTold else { return }
        wasTold = true
        try? socket.writeAll(Array(line.utf8))
        shutdown(socket.raw, Int32(SHUT_RDWR))
    }
}

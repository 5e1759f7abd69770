// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Lets other threads run while a test waits for them.
enum Pause {
    static func briefly() { usleep(200) }
}

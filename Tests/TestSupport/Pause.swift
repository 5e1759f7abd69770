// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A short wait between two looks at something that another thread will do.
public enum Pause {
    /// Half a millisecond.
    public static func briefly() { usleep(500) }
}

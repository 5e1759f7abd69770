// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A terminal in raw mode, put back as it was when this value goes out of scope.
public struct Terminal: ~Copyable {
    private let raw: Int32
    private var saved = termios()

    /// Makes a terminal raw: each key reaches the reader at once and nothing is echoed.
    /// - Parameter keepsSignals: Ctrl-C and its like still send their signals.
    /// - Returns: nil when the descriptor is no terminal.
    public init?(_ raw: Int32, keepsSignals: Bool = false) {
        self.raw = raw
        guard unsafe tcgetattr(raw, &saved) == 0 else { return nil }
        var changed = saved
        unsafe cfmakeraw(&changed)
        if keepsSignals { changed.c_lflag |= tcflag_t(ISIG) }
        guard unsafe tcsetattr(raw, TCSANOW, &changed) == 0 else { return nil }
    }

    deinit {
        var original = saved
        unsafe tcsetattr(raw, TCSADRAIN, &original)
    }

    /// Whether a descriptor is a terminal.
    public static func isTerminal(_ raw: Int32) -> Bool { isatty(raw) == 1 }
}

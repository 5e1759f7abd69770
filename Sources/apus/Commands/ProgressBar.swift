// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A bar on standard error while long work goes on; nothing where that is no terminal.
final class ProgressBar {
    private let isTerminal = Terminal.isTerminal(2)
    private let what: String
    private var shown = -1

    init(_ what: String) { self.what = what }

    /// Shows the part that is done, from 0 to 1.
    func show(_ part: Double) {
        let percent = Int(max(0, min(part, 1)) * 100)
        guard isTerminal, percent != shown else { return }
        shown = percent
        let filled = percent * 40 / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 40 - filled)
        Output.write(Array("\r\u{1B}[K\(what) \(bar) \(percent) %".utf8), to: 2)
    }

    /// Takes the bar away.
    func end() {
        if isTerminal, shown >= 0 { Output.write(Array("\r\u{1B}[K".utf8), to: 2) }
        shown = -1
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A bar on standard error when that is a terminal, and nothing otherwise.
struct Progress {
    private static let width = 40
    private let name: String
    private let total: Int
    private let isVisible = isatty(2) == 1

    init(_ name: String, total: Int) {
        self.name = name
        self.total = total
    }

    func show(_ done: Int) {
        guard isVisible, total > 0 else { return }
        let filled = done * Self.width / total
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        write("\r\(name) [\(bar)] \(done)/\(total)")
    }

    func clear() {
        if isVisible { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }
}

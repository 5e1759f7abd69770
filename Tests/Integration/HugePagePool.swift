// SPDX-License-Identifier: Apache-2.0

import Foundation

/// More pages in one of the host's pools of huge pages, given back at the end.
final class HugePagePool {
    private let folder: String
    private let before: Int

    /// Adds `pages`, or nil when this host does not give them.
    init?(pageKiB: Int, pages: Int) {
        folder = "/sys/kernel/mm/hugepages/hugepages-\(pageKiB)kB"
        guard let before = Self.read("\(folder)/nr_hugepages") else { return nil }
        self.before = before
        let wanted = before + pages
        try? "\(wanted)".write(toFile: "\(folder)/nr_hugepages", atomically: false, encoding: .utf8)
        guard Self.read("\(folder)/nr_hugepages") == wanted else {
            giveBack()
            return nil
        }
    }

    deinit { giveBack() }

    var freePages: Int { Self.read("\(folder)/free_hugepages") ?? 0 }

    /// The pages of this size that nobody uses, without a pool of one's own.
    static func free(pageKiB: Int) -> Int {
        read("/sys/kernel/mm/hugepages/hugepages-\(pageKiB)kB/free_hugepages") ?? 0
    }

    private func giveBack() {
        try? "\(before)".write(toFile: "\(folder)/nr_hugepages", atomically: false, encoding: .utf8)
    }

    private static func read(_ path: String) -> Int? {
        (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}

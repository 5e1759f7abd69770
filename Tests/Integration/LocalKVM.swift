// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The machine's own /dev/kvm, where the payloads run.
enum LocalKVM {
    static let isUsable: Bool = {
        guard let reason else { return true }
        print("Integration: \(tests) tests skipped: \(reason)")
        return false
    }()

    /// Why it cannot be used.
    static let reason: String? = {
        let descriptor = open("/dev/kvm", O_RDWR | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return nil
        }
        return "/dev/kvm cannot be opened (\(String(cString: strerror(errno))))"
    }()

    /// How many tests are in this folder.
    private static var tests: Int {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.compactMap { try? String(contentsOf: $0, encoding: .utf8) }
            .map { $0.components(separatedBy: "\n    @Test(").count - 1 }
            .reduce(0, +)
    }
}

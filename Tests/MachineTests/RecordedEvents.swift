// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

@testable import Machine

/// Keeps what vCPU threads tell, and lets a test wait for it.
final class RecordedEvents: VCPUEvents {
    private let lines = Mutex<[String]>([])
    private let changed = Gate()

    func vcpuTripleFaulted(_ id: UInt32) { record("\(id): triple fault") }
    func vcpuFailed(_ id: UInt32, _ failure: VCPUFailure) { record("\(id): \(failure)") }

    var all: [String] { lines.withLock { $0 } }

    func waitForFirst() { changed.wait(while: 0) }

    private func record(_ line: String) {
        lines.withLock { $0.append(line) }
        changed.advance()
    }
}

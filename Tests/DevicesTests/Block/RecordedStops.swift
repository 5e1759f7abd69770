// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import Devices

/// What a disk asked to be stopped for.
final class RecordedStops: DiskSignals {
    private let all = Mutex<[DiskFailure]>([])

    var failures: [DiskFailure] { all.withLock { $0 } }

    func diskStopped(_ failure: DiskFailure) { all.withLock { $0.append(failure) } }
}

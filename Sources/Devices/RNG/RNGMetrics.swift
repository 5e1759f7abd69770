// SPDX-License-Identifier: Apache-2.0

/// What an entropy device has done since it was made; raised by its worker, read by anyone.
public final class RNGMetrics: Sendable {
    private let requestCount = Counter()
    private let byteCount = Counter()

    /// Requests answered.
    public var requests: UInt64 { requestCount.value }
    /// Random bytes the guest was given.
    public var bytes: UInt64 { byteCount.value }

    func add(_ bytes: Int) {
        requestCount.add()
        byteCount.add(bytes)
    }
}

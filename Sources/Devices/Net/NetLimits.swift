// SPDX-License-Identifier: Apache-2.0

/// Sizes that a network card keeps to.
enum NetLimits {
    /// Entries of each queue.
    static let queueSize: UInt16 = 256
    /// Most entries of one `readv`: IOV_MAX.
    static let vectors = 1024
    /// Frames of one direction before the other one and the worker's commands get their turn.
    static let burst = 256
    /// Completions after which the driver hears of them although there is more to do.
    static let completionsPerFlush = 64
}

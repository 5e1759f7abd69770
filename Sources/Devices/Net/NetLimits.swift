// SPDX-License-Identifier: Apache-2.0

/// Sizes that a network card keeps to.
enum NetLimits {
    /// Entries of each queue for frames.
    static let queueSize: UInt16 = 256
    /// Entries of the control queue.
    static let controlQueueSize: UInt16 = 64
    /// Most bytes of a control command: more addresses than any tap could hold.
    static let commandBytes = 65_536
    /// Most addresses that are kept of each of the driver's tables; a longer one wants all addresses of its kind.
    static let tableEntries = 64
    /// Frames that fit the ordinary buffers before a reader of long frames asks for less again.
    static let patience = 64
    /// Most entries of one `readv`: IOV_MAX.
    static let vectors = 1024
    /// Frames of one direction before the other one and the worker's commands get their turn.
    static let burst = 256
    /// Completions after which the driver hears of them although there is more to do.
    static let completionsPerFlush = 64
}

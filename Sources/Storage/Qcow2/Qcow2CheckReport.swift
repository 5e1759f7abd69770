// SPDX-License-Identifier: Apache-2.0

/// What a check of an image found.
public struct Qcow2CheckReport: Sendable, Equatable {
    /// What is to be put right.
    public enum Repair: String, Sendable, CaseIterable {
        /// Nothing: the image is only read.
        case none
        /// Clusters that nothing names.
        case leaks
        /// All that can be.
        case all
    }

    /// Errors that may lose data, as they are now.
    public var corruptions = 0
    /// Clusters that are counted as used and named by nothing, as they are now.
    public var leaks = 0
    /// Errors that were put right.
    public var repairedCorruptions = 0
    /// Leaked clusters that were given back.
    public var repairedLeaks = 0
    /// Clusters of data.
    public var dataClusters: UInt64 = 0
    /// Those of them that are compressed.
    public var compressedClusters: UInt64 = 0
    /// Clusters of the whole disk.
    public var diskClusters: UInt64 = 0
    /// Where the last used cluster ends in the file, in bytes.
    public var imageEnd: UInt64 = 0
    /// The first of the errors, one line each.
    public var messages: [String] = []

    /// Whether no error is left; leaks only cost room.
    public var isSound: Bool { corruptions == 0 }

    static let maximumMessages = 100

    mutating func note(_ message: @autoclosure () -> String) {
        if messages.count < Self.maximumMessages { messages.append(message()) }
    }
}

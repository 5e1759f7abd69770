// SPDX-License-Identifier: Apache-2.0

/// How much the parser takes from one document; what exceeds it is refused, not cut.
public struct JSONLimits: Sendable {
    /// The greatest size of the document, in bytes.
    public var bytes: Int

    /// The greatest nesting of lists and objects.
    public var depth: Int

    /// The greatest number of values.
    public var values: Int

    /// Limits of one's own.
    public init(bytes: Int, depth: Int, values: Int) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// Limits for manifests: twice what etcd stores of one object, and ten times the depth a pod's affinity reaches.
    public static let manifest = JSONLimits(bytes: 3 << 20, depth: 96, values: 200_000)
}

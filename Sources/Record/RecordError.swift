// SPDX-License-Identifier: Apache-2.0

/// Why a stream cannot be read, and where in it.
public struct RecordError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One step from a value to a value it holds.
    public enum Step: Equatable, Sendable {
        /// The named root or field.
        case field(String)
        /// An element of a list, counted from zero.
        case index(Int)
    }

    /// The steps from the root to the value at fault.
    public private(set) var path: [Step]
    /// What is wrong there.
    public let reason: RecordErrorReason

    /// An error at the value being decoded; the path grows as it is thrown outward.
    public init(_ reason: RecordErrorReason) {
        self.path = []
        self.reason = reason
    }

    /// This error seen from the record or list one level further out.
    func inside(_ step: Step) -> RecordError {
        var outer = self
        outer.path.insert(step, at: 0)
        return outer
    }

    func inside(root value: RecordValue) -> RecordError {
        guard case .record(let object) = value else { return self }
        return inside(.field(object.shape.name))
    }

    /// The path and the reason in one line, for instance `machine.vcpus[2].apic: expected bytes, found text`.
    public var description: String {
        var text = ""
        for step in path {
            switch step {
            case .field(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text.isEmpty ? reason.description : "\(text): \(reason)"
    }
}

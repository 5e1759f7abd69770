// SPDX-License-Identifier: Apache-2.0

import Record

/// Where the first serial port leads.
public enum SerialConsole: RecordChoice, Equatable, Sendable {
    /// Nowhere: output is dropped and there is no input.
    case nowhere
    /// To two open files, for instance a terminal.
    case stdio(input: DescriptorSlot, output: DescriptorSlot)
    /// To whoever connects to a listening unix socket.
    case listener(slot: DescriptorSlot)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .nowhere: "nowhere"
        case .stdio: "stdio"
        case .listener: "listener"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .nowhere: break
        case .stdio(let input, let output):
            fields.put("input", input)
            fields.put("output", output)
        case .listener(let slot):
            fields.put("slot", slot)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "nowhere": self = .nowhere
        case "stdio": self = .stdio(input: try fields.take("input"), output: try fields.take("output"))
        case "listener": self = .listener(slot: try fields.take("slot"))
        default: throw fields.unknownCase
        }
    }
}

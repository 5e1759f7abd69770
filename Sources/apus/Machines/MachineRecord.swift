// SPDX-License-Identifier: Apache-2.0

import Supervisor
import VMISpec

/// A virtual machine as it is kept between its instances.
struct MachineRecord: Equatable {
    /// Its manifest.
    var document: JSONValue
    /// What was said beside it, as the supervisor's arguments.
    var arguments: [String]
    /// Its run strategy now, which a start or stop may have changed.
    var strategy: VMIManifest.RunStrategy
    /// Whether it ever had an instance.
    var hadInstance = false

    init(document: JSONValue, arguments: [String], strategy: VMIManifest.RunStrategy) {
        self.document = document
        self.arguments = arguments
        self.strategy = strategy
    }

    /// Reads what `json` wrote.
    /// - Throws: `SupervisorError` when it is something else.
    init(_ value: JSONValue) throws(SupervisorError) {
        guard let document = value["manifest"], case .array(let arguments)? = value["arguments"],
            let strategy = value["runStrategy"]?.stringValue.flatMap(VMIManifest.RunStrategy.init(rawValue:))
        else { throw SupervisorError("is not what apus keeps of a virtual machine; remove the file") }
        self.document = document
        self.arguments = arguments.compactMap(\.stringValue)
        self.strategy = strategy
        hadInstance = value["hadInstance"]?.boolValue ?? false
    }

    var json: JSONValue {
        .object([
            "runStrategy": .string(strategy.rawValue), "hadInstance": .bool(hadInstance),
            "arguments": .array(arguments.map(JSONValue.string)), "manifest": document,
        ])
    }
}

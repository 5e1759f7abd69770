// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import VMISpec

/// `apus explain FIELD`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a field of a manifest means, whether it works, and which fields are below it.")

    @Argument(help: "The field's path, such as spec.domain.cpu.")
    var field = "spec"

    func run() throws {
        try Output.reporting {
            let entry = try FieldGuide.entry(field)
            var text = "FIELD:    \(entry.path)\(entry.type.isEmpty ? "" : " <\(entry.type)>")\n"
            if !entry.text.isEmpty { text += "MEANS:    \(entry.text)\n" }
            text += "SUPPORT:  \(entry.support)\n"
            if !entry.fields.isEmpty {
                text += "FIELDS:\n"
                for field in entry.fields {
                    let head = "\(field.name)\(field.type.isEmpty ? "" : " <\(field.type)>")"
                    text += "  \(head)\(String(repeating: " ", count: max(2, 36 - head.count)))\(field.text)\n"
                }
            }
            Output.write(text)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Yams

/// An error of the YAML parser in one line, to follow the file's name.
struct YAMLProblem: CustomStringConvertible {
    let description: String

    init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            description = ":\(mark.line):\(mark.column): is not valid YAML: \(problem)"
        case .reader(let problem, let offset, _, _):
            description = ": is not valid YAML: \(problem)" + (offset.map { " at byte \($0)" } ?? "")
        case .duplicatedKeysInMapping(let keys, let context):
            let shown = keys.prefix(3).joined(separator: ", ")
            description = ":\(context.mark.line): the same key is given twice: \(shown)"
        default:
            description = ": is not valid YAML"
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A name and what stands for it, as `--pvc NAME=PATH` gives them.
public enum NamedPath {
    /// Reads such options into a dictionary.
    /// - Parameter option: the option's name, for errors.
    /// - Throws: `SupervisorError` when one is not of this form or a name is given twice.
    public static func dictionary(_ values: [String], option: String) throws(SupervisorError) -> [String: String] {
        var result: [String: String] = [:]
        for value in values {
            let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw SupervisorError("\(option) \(value): must be NAME=VALUE")
            }
            guard result.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
                throw SupervisorError("\(option) \(value): \(parts[0]) is given twice")
            }
        }
        return result
    }
}

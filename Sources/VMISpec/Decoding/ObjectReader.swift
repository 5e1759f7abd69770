// SPDX-License-Identifier: Apache-2.0

/// Reads one object field by field, remembers which keys it was asked for, and reports the others.
///
/// Every key goes through the table of `Support`: a field that this version refuses is reported with its remedy
/// whether or not it is read, so that lifting a row of the table is all it takes to let a modelled field through.
final class ObjectReader {
    let path: FieldPath
    let report: Report
    private let object: JSONObject
    private var known: Set<String> = []

    init(_ object: JSONObject, at path: FieldPath, report: Report) {
        self.object = object
        self.path = path
        self.report = report
    }

    /// The member's value, unless it is absent or null, which Kubernetes takes for absent.
    func value(_ key: String) -> JSONValue? {
        known.insert(key)
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    /// True when the key is given and not null.
    func has(_ key: String) -> Bool {
        value(key) != nil
    }

    /// Reports what the table says of a field that was read and found well formed.
    func consult(_ key: String, _ value: JSONValue) {
        let field = path.child(key)
        guard !value.asksForNothing, let rule = Support.rule(for: field.schema) else { return }
        switch rule {
        case .refused(let message):
            report.refuse(field, message)
        case .only(let allowed, let message):
            if !allowed.contains(value) { report.refuse(field, message) }
        case .ignored(let reason):
            report.note(field, "ignored: \(reason)")
        }
    }

    /// Reports every key that was not read: refused or ignored by the table, or unknown.
    func finish() {
        for key in object.keys where !known.contains(key) {
            let field = path.child(key)
            guard Support.rule(for: field.schema) == nil else {
                consult(key, object[key] ?? .null)
                continue
            }
            // A suggestion that nobody reads is not looked for: a hostile object may have thousands of keys.
            let candidates = report.isFull ? [] : known.union(Support.fields(of: path.schema))
            if let suggestion = Suggestion.nearest(to: key, among: candidates) {
                report.refuse(field, "unknown field; did you mean \(printable(suggestion))?")
            } else {
                report.refuse(field, "unknown field; remove it")
            }
        }
    }

    /// Reports that a value is of the wrong kind.
    func mismatch(_ field: FieldPath, _ expected: String, _ value: JSONValue) {
        var message = "must be \(expected), not \(value.kindName)"
        if expected == "a string" {
            switch value {
            case .number, .bool: message += "; put it in quotes"
            default: break
            }
        }
        report.refuse(field, message)
    }
}

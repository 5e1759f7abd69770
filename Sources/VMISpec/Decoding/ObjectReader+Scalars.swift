// SPDX-License-Identifier: Apache-2.0

extension ObjectReader {
    /// A string, nil when it is absent or empty, which Kubernetes takes for absent.
    func string(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else {
            mismatch(path.child(key), "a string", value)
            return nil
        }
        consult(key, value)
        return text.isEmpty ? nil : text
    }

    /// A string that has to be there; empty, and reported, if it is not.
    func requiredString(_ key: String, _ remedy: String) -> String {
        if let text = string(key) { return text }
        report.refuse(path.child(key), "is required; \(remedy)")
        return ""
    }

    /// A boolean.
    func bool(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let flag) = value else {
            mismatch(path.child(key), "true or false", value)
            return nil
        }
        consult(key, value)
        return flag
    }

    /// An integer within a range.
    func integer<Number: FixedWidthInteger>(_ key: String, in range: ClosedRange<Number>) -> Number? {
        guard let value = value(key) else { return nil }
        let field = path.child(key)
        guard case .number(let number) = value else {
            mismatch(field, "an integer", value)
            return nil
        }
        guard let whole = number.integer, let exact = Number(exactly: whole), range.contains(exact) else {
            report.refuse(field, Self.outOfRange(number, range))
            return nil
        }
        consult(key, value)
        return exact
    }

    private static func outOfRange<Number: FixedWidthInteger>(
        _ number: JSONNumber, _ range: ClosedRange<Number>
    ) -> String {
        if number.integer == nil, number.text.contains(where: { ".eE".contains($0) }) {
            return "must be a whole number written without point or exponent"
        }
        let negative = number.text.hasPrefix("-")
        if let whole = number.integer, whole > range.lowerBound {
            return "must be at most \(range.upperBound)"
        }
        return negative || number.integer != nil
            ? "must be at least \(range.lowerBound)" : "must be at most \(range.upperBound)"
    }

    /// A quantity, written as a string or as a bare number, that is not negative.
    func quantity(_ key: String) -> Quantity? {
        guard let value = value(key) else { return nil }
        let field = path.child(key)
        let text: String
        switch value {
        case .string(let string): text = string
        case .number(let number): text = number.text
        default:
            mismatch(field, "a quantity such as 512Mi", value)
            return nil
        }
        do throws(QuantityError) {
            let quantity = try Quantity(text)
            guard quantity.nanos >= 0 else {
                report.refuse(field, "must not be negative")
                return nil
            }
            consult(key, value)
            return quantity
        } catch {
            report.refuse(field, error.description)
            return nil
        }
    }

    /// One of a set of words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _: Choice.Type) -> Choice? {
        guard let value = value(key) else { return nil }
        let field = path.child(key)
        guard case .string(let text) = value else {
            mismatch(field, "a string", value)
            return nil
        }
        guard !text.isEmpty else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue)
            let listed = words.joined(separator: ", ")
            report.refuse(field, "\(printable(text)) is unknown; must be one of: \(listed)")
            return nil
        }
        consult(key, value)
        return choice
    }
}

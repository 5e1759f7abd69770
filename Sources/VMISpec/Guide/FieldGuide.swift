// SPDX-License-Identifier: Apache-2.0

/// What each field of a manifest means, and what this version makes of it.
public enum FieldGuide {
    /// One field.
    public struct Entry: Hashable, Sendable {
        /// Its path, `[]` standing for an element of a list.
        public let path: String
        /// Its kind in Kubernetes' words, such as "integer" or "[]Object"; empty where it is not told.
        public let type: String
        /// What it means, in one line; empty where it is not told.
        public let text: String
        /// What this version makes of it, in one line: "works", or why not and what works instead.
        public let support: String
        /// The fields below it.
        public let fields: [Field]
    }

    /// A field below another.
    public struct Field: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its kind.
        public let type: String
        /// What it means, or why it does not work.
        public let text: String
    }

    /// Looks a field up by its path: `spec.domain.cpu`, `spec.domain.devices.disks[0].disk.bus` and
    /// `spec.domain.devices.disks.disk.bus` are all understood, and so are a leading `vmi.` or `vm.`, and
    /// `spec.template.` of a virtual machine.
    /// - Throws: `UnknownField` with the nearest field there is.
    public static func entry(_ given: String) throws(UnknownField) -> Entry {
        let wanted = normalized(given)
        guard let path = paths.first(where: { bare($0) == wanted }) else {
            throw UnknownField(given, nearest: Suggestion.nearest(to: wanted, among: paths.map(bare)))
        }
        let row = rows[path]
        return Entry(
            path: path, type: row?.type ?? "", text: row?.text ?? "", support: support(path),
            fields: fields(below: path))
    }

    /// The rows of the tables, by path.
    static let rows: [String: (type: String, text: String)] = {
        var rows: [String: (type: String, text: String)] = [:]
        for line in [instanceTable, deviceTable, volumeTable].joined(separator: "\n").split(separator: "\n") {
            let parts = line.split(separator: "|", maxSplits: 2).map { trimmed($0) }
            if parts.count == 3 { rows[parts[0]] = (parts[1], parts[2]) }
        }
        // Both probes have the same fields.
        for (path, row) in rows where path.hasPrefix("spec.livenessProbe.") {
            rows["spec.readinessProbe" + path.dropFirst("spec.livenessProbe".count)] = row
        }
        return rows
    }()

    private static let paths = Set(rows.keys).union(Support.rules.keys).sorted()

    private static func support(_ path: String) -> String {
        var place = path
        while true {
            if let rule = Support.rule(for: place.hasSuffix("[]") ? String(place.dropLast(2)) : place) {
                switch rule {
                case .refused(let message): return "refused: \(message)"
                case .only(let values, let message):
                    return "only \(values.map { $0.stringValue ?? $0.text() }.joined(separator: ", ")): \(message)"
                case .ignored(let reason): return "ignored: \(reason)"
                }
            }
            guard let dot = place.lastIndex(of: ".") else { return "works" }
            place = String(place[..<dot])
        }
    }

    private static func fields(below path: String) -> [Field] {
        let prefix = (bare(path).isEmpty ? "" : bare(path) + ".")
        return paths.compactMap { candidate in
            let name = bare(candidate)
            guard name.hasPrefix(prefix), name != bare(path) else { return nil }
            let rest = name.dropFirst(prefix.count)
            guard !rest.contains(".") else { return nil }
            let row = rows[candidate]
            let works = support(candidate) == "works"
            return Field(name: String(rest), type: row?.type ?? "", text: works ? row?.text ?? "" : support(candidate))
        }
    }

    private static func normalized(_ given: String) -> String {
        var text = bare(given)
        for prefix in ["vmi.", "vm.", "virtualmachineinstance.", "virtualmachine."] where text.hasPrefix(prefix) {
            text = String(text.dropFirst(prefix.count))
        }
        if text.hasPrefix("spec.template.") { text = String(text.dropFirst("spec.template.".count)) }
        if text == "spec.running" || text == "spec.runStrategy" { text = "machine.\(text)" }
        return text
    }

    /// A path without what stands in brackets.
    private static func bare(_ path: String) -> String {
        var isInside = false
        return String(
            path.filter { character in
                if character == "[" { isInside = true }
                defer { if character == "]" { isInside = false } }
                return !isInside
            })
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " }
        return String(start[..<(start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex)])
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Collects what is to be said of one manifest while it is read; the first problem of a field stands for that field.
final class Report {
    private(set) var problems: [Problem] = []
    private(set) var notes: [Problem] = []
    private var paths: Set<String> = []
    private var unsaid = 0

    /// More problems than a person reads; the rest is counted.
    static let mostProblems = 100

    /// True when further problems are only counted.
    var isFull: Bool { problems.count >= Self.mostProblems }

    func refuse(_ path: FieldPath, _ message: String) {
        guard paths.insert(path.shown).inserted else { return }
        if isFull {
            unsaid += 1
        } else {
            problems.append(Problem(path: path.shown, message: message))
        }
    }

    func note(_ path: FieldPath, _ message: String) {
        guard notes.count < Self.mostProblems else { return }
        notes.append(Problem(path: path.shown, message: message))
    }

    /// True when a problem was reported of this very field.
    func hasProblem(at path: FieldPath) -> Bool { paths.contains(path.shown) }

    /// - Throws: `InvalidManifest` if there was any problem.
    func verdict() throws(InvalidManifest) {
        guard !problems.isEmpty else { return }
        var all = problems
        if unsaid > 0 {
            all.append(Problem(path: "", message: "There are \(unsaid) more problems"))
        }
        throw InvalidManifest(problems: all)
    }
}

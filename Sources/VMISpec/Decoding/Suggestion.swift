// SPDX-License-Identifier: Apache-2.0

/// Finds the word somebody meant.
enum Suggestion {
    /// The candidate nearest to `word`, if no more than a third of its letters, rounded up, differ.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let letters = Array(word.lowercased().utf8)
        var best: (word: String, distance: Int)?
        for candidate in candidates.sorted() {
            let distance = distance(letters, Array(candidate.lowercased().utf8))
            if distance <= (letters.count + 2) / 3, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// Insertions, deletions, changes and swaps of neighbours from one to the other (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let change = previous[column] + (left[row] == right[column] ? 0 : 1)
                var least = min(change, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, before[column - 1] + 1)
                }
                current.append(least)
            }
            (before, previous) = (previous, current)
        }
        return previous[right.count]
    }
}

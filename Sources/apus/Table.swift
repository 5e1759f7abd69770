// SPDX-License-Identifier: Apache-2.0

/// Columns as wide as their widest cell.
struct Table {
    /// The lines, each with its end.
    let text: String

    init(_ heads: [String], rows: [[String]]) {
        let lines = [heads] + rows
        let widths = heads.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        text = lines.map { line in
            let cells = line.enumerated().map { column, cell in
                column == line.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 3)
            }
            return cells.joined() + "\n"
        }.joined()
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Foreign text made fit for one line of a terminal: quoted, control characters escaped, cut at 80 characters.
func printable(_ text: String) -> String {
    var shown = "\""
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == 80 {
            shown += "…"
            break
        }
        switch scalar {
        case "\"", "\\": shown += "\\" + String(scalar)
        case _ where isUnprintable(scalar): shown += scalar.escaped(asASCII: true)
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown + "\""
}

/// True for characters that would move the cursor, hide or reorder text: controls, format characters, line separators.
func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: true
    default: false
    }
}

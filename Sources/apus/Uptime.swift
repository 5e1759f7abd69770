// SPDX-License-Identifier: Apache-2.0

/// How long something runs, for people.
enum Uptime {
    /// The two greatest units: "12s", "3m4s", "5h6m", "7d8h".
    static func text(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m\(seconds % 60)s"
        case ..<86_400: "\(seconds / 3600)h\(seconds % 3600 / 60)m"
        default: "\(seconds / 86_400)d\(seconds % 86_400 / 3600)h"
        }
    }
}

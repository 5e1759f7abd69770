// SPDX-License-Identifier: Apache-2.0

/// A watchdog that acts when the guest stops feeding it: an i6300esb, also where no model is named
/// (pkg/defaults/amd64.go).
public struct WatchdogSpec: Hashable, Sendable {
    /// What the watchdog does.
    public enum Action: String, CaseIterable, Hashable, Sendable {
        case poweroff
        case reset
        case shutdown
    }

    /// Its name.
    public var name: String

    /// What it does: `reset` where not given.
    public var action: Action

    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name the watchdog")
        let actions = ["i6300esb", "diag288"].map { model in
            reader.object(model) { $0.choice("action", Action.self) ?? .reset }
        }
        action = actions.lazy.compactMap(\.self).first ?? .reset
    }
}

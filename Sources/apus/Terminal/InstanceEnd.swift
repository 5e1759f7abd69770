// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// How an instance came to its end, as its supervisor tells it.
struct InstanceEnd: Equatable {
    /// The exit status of a process that stands for it.
    var status: Int32
    /// Why it ended otherwise than by powering off.
    var message: String?
    /// Whether somebody asked for the end, rather than the guest itself.
    var wasRequested: Bool
    /// Whether its vCPUs ever ran.
    var hadStarted: Bool

    init(_ event: JSONValue) {
        status = Int32(clamping: event["status"]?.integerValue ?? 1)
        message = event["message"]?.stringValue
        wasRequested = event["stopRequested"]?.boolValue ?? false
        hadStarted = event["started"]?.boolValue ?? false
    }

    /// An instance that never came so far as to have a supervisor.
    init(unstarted message: String) {
        status = 1
        self.message = message
        wasRequested = false
        hadStarted = false
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Sandbox

extension SystemCallFilter {
    /// The same for a thread that may stop the machine: it sends the signal that takes vCPUs out of the guest.
    var withKicks: SystemCallFilter {
        SystemCallFilter(name: name, rules: rules + [.signal(OSThread.kickSignal)], hottest: hottest)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Record

/// What happens when the guest stops feeding its watchdog; that it did is told in any case.
public enum WatchdogAction: String, RecordField, CaseIterable, Sendable {
    /// The machine starts again in the same process.
    case reset
    /// The launcher ends.
    case poweroff
    /// The power button is pressed.
    case shutdown
    /// The machine stays as it is, paused.
    case pause
    /// Every vCPU gets an NMI, for a guest that makes a dump of itself then.
    case injectNMI = "inject-nmi"
    /// Nothing.
    case none
}

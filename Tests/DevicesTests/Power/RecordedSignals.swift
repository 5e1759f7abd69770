// SPDX-License-Identifier: Apache-2.0

import Devices
import Synchronization

/// Notes what devices ask of the machine.
final class RecordedSignals: MachineSignals {
    private let all = Mutex<[String]>([])

    /// What was asked for since the last call.
    func take() -> [String] {
        all.withLock { all in
            defer { all = [] }
            return all
        }
    }

    func requestReset() { all.withLock { $0.append("reset") } }
    func requestPowerOff() { all.withLock { $0.append("power off") } }
    func watchdogExpired() { all.withLock { $0.append("watchdog") } }
    func guestPanicked(_ event: GuestPanic) { all.withLock { $0.append("\(event)") } }
}

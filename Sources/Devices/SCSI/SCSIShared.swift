// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// What all queues of a controller look at.
final class SCSIShared: Sendable {
    /// Bytes of sense data and of a command block as the driver asked for them.
    let senseBytes = Atomic<UInt32>(UInt32(SCSILimits.senseBytes))
    let commandBytes = Atomic<UInt32>(UInt32(SCSILimits.commandBytes))
    /// Numbers of all units, rising; read by REPORT LUNS.
    let numbers = Mutex<[Int]>([])
    private let events = Mutex(Events())
    /// Chains without room for an answer, and queues given up.
    let malformed = Atomic<UInt64>(0)

    private struct Events {
        var waiting: [SCSIEvent] = []
        var isMissed = false
        var kick: Int32 = -1
    }

    /// Puts an event before the driver, as soon as it lends a buffer.
    func post(_ event: SCSIEvent) {
        events.withLock { events in
            // Without a driver there is nobody to tell: it will look at all units when it comes.
            guard events.kick >= 0 else { return }
            if events.waiting.count < SCSILimits.events {
                events.waiting.append(event)
            } else {
                events.isMissed = true
            }
            // Under the lock: the descriptor is open as long as it is known here.
            EventFD.signal(events.kick)
        }
    }

    /// Knows where to tell of events from now on; -1 for nowhere.
    func setEventKick(_ kick: Int32) { events.withLock { $0 = Events(kick: kick) } }

    /// The next event, and whether some were lost before it.
    func nextEvent() -> (event: SCSIEvent, missed: Bool)? {
        events.withLock { events in
            guard !events.waiting.isEmpty else { return nil }
            defer { events.isMissed = false }
            return (events.waiting.removeFirst(), events.isMissed)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Drives the small devices of a machine as a kernel's drivers do.
///
/// `mode=balloon` (default): pages go into the balloon and come back empty, free ones are reported, statistics told as
/// often as they are asked for (`rounds=`, 2), the target is reached (`target=` pages to wait for, 0). `mode=console`:
/// sends every line on channel 1 back until it is "bye", opening and closing the channel `rounds=` times (1).
/// `mode=watchdog`: feeds it for `feed=` milliseconds (200) and then stops; `ticks=` of each stage (256).
/// All virtio ones: `ring=packed`.
@main
struct SmallDevices: Payload {
    static let name: StaticString = "smalldevices"

    static func run(_ machine: Machine) throws(Failure) {
        if machine.arguments.has("mode", "console") {
            try Channel(machine).run()
        } else if machine.arguments.has("mode", "watchdog") {
            try Watchdog(machine).run()
        } else {
            try Balloon(machine).run()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Drives a virtio-scsi controller: finds its units and verifies what they do, or watches them come and go.
///
/// `mode=verify` (default) | `watch`; `depth=` requests in flight per queue (16); `bs=` bytes a request (4096); `queues=`
/// request queues (1); `size=` bytes of a unit to use (4M); `count=` random requests (1000), or events to watch for;
/// `wait=interrupt|poll`; `seed=`.
@main
struct SCSIDriver: Payload {
    static let name: StaticString = "scsidriver"

    static func run(_ machine: Machine) throws(Failure) {
        let controller = try Controller(machine)
        let units = try controller.scan()
        if machine.arguments.has("mode", "watch") {
            var watch = try Watch(controller, machine)
            try watch.run(units)
            return
        }
        for unit in units {
            let description = try controller.describe(unit)
            if description.isOptical || description.isReadOnly {
                try controller.checkReadOnly(description)
            } else {
                var check = try Check(controller, description, machine)
                try check.run()
            }
        }
        report("result") {
            $0.field("kind", "verified")
            $0.field("units", units.count)
            $0.field("requests", controller.completed)
        }
    }
}

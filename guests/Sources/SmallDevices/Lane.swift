// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// A queue that is polled, and how long its device may take.
struct Lane {
    let queue: Virtqueue
    let clock: Clock
    static let vector: UInt8 = 0x50

    /// The features of rings: packed ones where the command line says `ring=packed`.
    /// - Throws: when the device does not have them.
    static func features(_ device: VirtioDevice, _ machine: Machine) throws(Failure) -> UInt64 {
        let usual = Features.indirect | Features.eventIndex
        guard machine.arguments.has("ring", "packed") else { return usual }
        guard device.offered & Features.packed != 0 else { throw Failure("no-packed-ring", seen: device.offered) }
        return usual | Features.packed
    }

    init(_ device: VirtioDevice, _ index: UInt16, features: UInt64, _ machine: Machine) throws(Failure) {
        queue = try device.queue(
            index, size: 64, features: features, vector: Lane.vector, processor: machine.processorIDs[0])
        _ = queue.wantInterrupts(false)
        clock = machine.clock
    }

    /// Lends the device a piece of memory and tells it so.
    func offer(_ address: UInt64, _ bytes: Int, deviceWrites: Bool = false) throws(Failure) {
        var request = Request()
        request.append(Segment(address, bytes, deviceWrites: deviceWrites))
        guard queue.add(request, token: 0) else { throw Failure("queue-full") }
        queue.publish()
    }

    /// Waits until the device gives something back; says how many bytes it wrote.
    /// - Throws: after twenty seconds.
    func wait() throws(Failure) -> Int {
        let start = Clock.now
        while true {
            if let (_, bytes) = try queue.take() { return Int(bytes) }
            if clock.milliseconds(since: start) > 20_000 {
                throw Failure("device-does-not-answer", seen: UInt64(queue.index))
            }
            hw_pause()
        }
    }
}

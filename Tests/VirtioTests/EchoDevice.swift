// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization
import Virtio

/// A device of two queues whose first one echoes; its configuration is 8 bytes that the driver may write.
final class EchoDevice: VirtioDevice {
    let kind = VirtioKind.entropy
    let offeredFeatures: UInt64 = 1 << 3
    let queueSizes: [UInt16] = [16, 8]
    private let worker: QueueWorker<EchoWork>
    private let configuration = Mutex<UInt64>(0x8877_6655_4433_2211)
    private let counts = Mutex<(starts: Int, stops: Int)>((0, 0))

    init() throws { worker = try QueueWorker(name: "echo") }

    var starts: Int { counts.withLock { $0.starts } }
    var stops: Int { counts.withLock { $0.stops } }

    func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        offset < 8 ? configuration.withLock { $0 >> UInt64(8 * offset) } : 0
    }

    func writeConfiguration(at offset: Int, size: Int, value: UInt64) {
        guard offset == 0, size == 8 else { return }
        configuration.withLock { $0 = value }
    }

    func start(_ setup: DeviceSetup) {
        counts.withLock { $0.starts += 1 }
        worker.start(setup) { setup, _ in try EchoWork(setup) }
    }

    func stop() {
        counts.withLock { $0.stops += 1 }
        worker.stop()
    }

    func pause() { worker.pause() }
    func resume() { worker.resume() }
    func queuePositions() -> [QueuePosition] { worker.positions() }
}

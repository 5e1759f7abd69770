// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One pair of a device's queues with the buffers that go through them.
final class Lane {
    let receiveQueue: Virtqueue
    let transmitQueue: Virtqueue
    /// Bytes of each receive buffer.
    let receiveBytes: Int
    /// Bytes of each transmit buffer, header included.
    let transmitBytes: Int
    private let receiveBuffers: UInt64
    private let transmitBuffers: UInt64
    private(set) var idle: [UInt32] = []

    init(
        _ device: VirtioDevice, pair: UInt16, features: UInt64, receiveBytes: Int, transmitBytes: Int, vector: UInt8,
        processor: UInt32
    ) throws(Failure) {
        self.receiveBytes = receiveBytes
        self.transmitBytes = transmitBytes
        receiveQueue = try device.queue(
            2 * pair, size: 256, features: features, vector: vector, processor: processor)
        transmitQueue = try device.queue(
            2 * pair + 1, size: 256, features: features, vector: vector + 1, processor: processor)
        receiveBuffers = try Physical.allocate(bytes: Int(receiveQueue.size) * receiveBytes)
        let slots = Int(min(transmitQueue.size, 128))
        transmitBuffers = try Physical.allocate(bytes: slots * transmitBytes)
        for slot in 0..<slots { idle.append(UInt32(slot)) }
    }

    /// Offers all receive buffers and wants no interrupts for what was sent.
    func begin() throws(Failure) {
        for buffer in 0..<UInt32(receiveQueue.size) { try offer(buffer) }
        receiveQueue.publish()
        _ = transmitQueue.wantInterrupts(false)
    }

    func receiveBuffer(_ index: UInt32) -> UInt64 { receiveBuffers + UInt64(index) * UInt64(receiveBytes) }

    func transmitBuffer(_ slot: UInt32) -> UInt64 { transmitBuffers + UInt64(slot) * UInt64(transmitBytes) }

    /// Gives a receive buffer back to the device; published by the caller.
    func offer(_ index: UInt32) throws(Failure) {
        var request = Request()
        request.append(Segment(receiveBuffer(index), receiveBytes, deviceWrites: true))
        guard receiveQueue.add(request, token: index) else { throw Failure("receive-queue-full") }
    }

    /// A transmit buffer that nobody uses.
    func takeIdle() throws(Failure) -> UInt32? {
        while let (slot, _) = try transmitQueue.take() { idle.append(slot) }
        return idle.popLast()
    }

    /// Queues a transmit buffer whose header and frame of `bytes` bytes are in place; published by the caller.
    func send(_ slot: UInt32, bytes: Int) -> Bool {
        var request = Request()
        request.append(Segment(transmitBuffer(slot), Interface.headerBytes))
        request.append(Segment(transmitBuffer(slot) + UInt64(Interface.headerBytes), bytes))
        if transmitQueue.add(request, token: slot) { return true }
        idle.append(slot)
        return false
    }
}

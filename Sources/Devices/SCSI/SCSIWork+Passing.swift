// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux
internal import Virtio

/// Commands that a device of the host carries out itself.
///
/// Reads, writes and flushes go through the unit's engine like those of any disk; what units there are is the controller's
/// to say. Everything else is the device's. The queue's thread waits for it.
extension SCSIWork {
    /// Whether a command goes to the device as it is.
    @inline(__always)
    static func isPassedOn(_ operation: UInt8) -> Bool {
        switch operation {
        case 0x08, 0x0A, 0x28, 0x2A, 0x88, 0x8A, 0xA8, 0xAA, 0x35, 0x91, 0xA0: false
        default: true
        }
    }

    /// Sends the command in `chain` on.
    mutating func pass(
        _ header: SCSIRequestHeader, to carrier: any CommandCarrier, _ lane: UnsafeMutablePointer<SCSILane>,
        _ incoming: Int, _ outgoing: Int
    ) {
        guard let index = unsafe slot(lane, header) else { return }
        let slot = unsafe lane.pointee.slots + index
        let count = incoming + outgoing
        let from = SCSIRequestHeader.bytes &+ Int(shared.commandBytes.load(ordering: .relaxed))
        let isTaken =
            outgoing > 0
            ? unsafe slot.pointee.vector.append(chain.readable, from: from, count: outgoing)
            : unsafe slot.pointee.vector.append(chain.writable, from: responseBytes, count: incoming)
        guard isTaken else {
            unsafe lane.pointee.give(index)
            return reject(.failure)
        }
        var response = [UInt8](repeating: 0, count: responseBytes)
        var moved = 0
        do throws(Errno) {
            var sense = [UInt8](repeating: 0, count: min(responseBytes - 12, 252))
            let block = (0..<SCSIWork.length(of: header.command)).map { header.command[$0] }
            // SAFETY: the slot keeps its entries until it is given back below; they are guest memory.
            let data = unsafe IOSpan(
                base: slot.pointee.vector.pointer + slot.pointee.responseCount,
                count: slot.pointee.vector.count - slot.pointee.responseCount)
            let result = unsafe block.withUnsafeBytes { block in
                unsafe sense.withUnsafeMutableBytes { sense in
                    Result { () throws(Errno) in
                        try unsafe carrier.send(block, data, count: count, isWrite: outgoing > 0, sense: sense)
                    }
                }
            }
            let outcome = try result.get()
            let told = min(outcome.senseBytes, sense.count)
            response[0] = UInt8(told)
            for i in 0..<4 { response[4 + i] = UInt8(truncatingIfNeeded: outcome.residual >> (8 * i)) }
            response[10] = outcome.status
            for i in 0..<told { response[12 + i] = sense[i] }
            if incoming > 0 { moved = max(incoming - outcome.residual, 0) }
        } catch {
            unsafe lane.pointee.metrics.failures.add()
            unsafe lane.pointee.give(index)
            return error.code == EPERM ? fail(.invalidOperation) : reject(.failure)
        }
        unsafe response.withUnsafeBytes { _ = unsafe chain.write($0, at: 0) }
        unsafe slot.pointee.vector.markWritten(bytes: responseBytes + moved, in: memory)
        give(chain.token, written: responseBytes + moved)
        unsafe lane.pointee.give(index)
    }

    /// Bytes of a command block by its operation code's group (SPC-4 §4.2.5).
    private static func length(of block: CommandBlock) -> Int {
        switch block.operation >> 5 {
        case 0: 6
        case 1, 2: 10
        case 4: 16
        case 5: 12
        default: block.operation == 0x7F ? min(Int(block[7]) + 8, 32) : 16
        }
    }
}

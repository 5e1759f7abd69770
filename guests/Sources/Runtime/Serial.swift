// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The 16550 at 0x3f8: output only, polled.
public enum Serial {
    static let port: UInt16 = 0x3F8
    static let fifo = 16
    nonisolated(unsafe) private static var lock = SpinLock()

    static func start() {
        hw_out8(port + 1, 0x00)  // no interrupts
        hw_out8(port + 3, 0x80)  // divisor latch
        hw_out8(port + 0, 0x01)  // 115200
        hw_out8(port + 1, 0x00)
        hw_out8(port + 3, 0x03)  // 8n1
        hw_out8(port + 2, 0x07)  // FIFO on and cleared
        hw_out8(port + 4, 0x03)
    }

    /// Sends bytes without another processor's bytes in between; waits for the FIFO once per 16 of them.
    static func send(_ bytes: UnsafeRawBufferPointer) {
        lock.acquire()
        var sent = 0
        for byte in bytes {
            if sent % fifo == 0 { waitUntilEmpty() }
            hw_out8(port, byte)
            sent += 1
        }
        lock.release()
    }

    /// Takes the line from whoever holds it: for a fault, which may have come while it was held.
    static func seize() {
        lock.release()
    }

    private static func waitUntilEmpty() {
        var patience = 100_000
        while hw_in8(port + 5) & 0x20 == 0, patience > 0 { patience -= 1 }
    }
}

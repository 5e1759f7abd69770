// SPDX-License-Identifier: Apache-2.0

/// Where a serial port's output goes.
///
/// Called on a vCPU thread: an implementation keeps the byte and returns; it never waits for a reader.
public protocol ConsoleSink: AnyObject, Sendable {
    /// Takes one byte of output.
    func transmit(_ byte: UInt8)
    /// The port, whose `room` was zero, takes input again.
    func inputHasRoom()
}

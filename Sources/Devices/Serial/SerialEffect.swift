// SPDX-License-Identifier: Apache-2.0

/// What has to happen outside a serial port after its registers changed.
struct SerialEffect: Equatable, Sendable {
    /// A byte went out of the transmitter.
    var transmitted: UInt8?
    /// A cause became pending that was not before.
    var interrupts = false
    /// Who was told that there is no room can be told that there is.
    var hasRoom = false
}

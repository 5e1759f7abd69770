// SPDX-License-Identifier: Apache-2.0

/// What device and driver say about ports: `struct virtio_console_control` (virtio 1.2 §5.3.6.2), 8 bytes.
struct PortMessage: Equatable, Sendable {
    /// Bytes of a message; a name follows its own.
    static let count = 8

    enum Event: UInt16, Sendable {
        case deviceReady = 0
        case deviceAdd
        case deviceRemove
        case portReady
        case consolePort
        case resize
        case portOpen
        case portName
    }

    var port: UInt32
    var event: Event
    var value: UInt16

    init(_ event: Event, port: UInt32, value: UInt16) {
        self.port = port
        self.event = event
        self.value = value
    }

    /// The bytes, little-endian.
    var word: UInt64 {
        (UInt64(port) | UInt64(event.rawValue) << 32 | UInt64(value) << 48).littleEndian
    }
}

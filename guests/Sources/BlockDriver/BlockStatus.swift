// SPDX-License-Identifier: Apache-2.0

/// The status byte of a request (virtio 1.2 §5.2.6); 0xff is what the driver writes before the device does.
enum BlockStatus {
    static let ok: UInt8 = 0
    static let ioError: UInt8 = 1
    static let unsupported: UInt8 = 2
    static let untouched: UInt8 = 0xFF
}

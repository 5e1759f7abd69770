// SPDX-License-Identifier: Apache-2.0

/// Options of a reply in the order they are added; one that does not fit is left out whole.
struct DHCPv4OptionList {
    private var bytes: [UInt8] = []
    /// Bytes that may be used, the end mark included.
    private let room: Int

    init(room: Int) { self.room = room }

    /// Adds an option; more than 255 bytes become several of one code (RFC 3396), an empty value is left out.
    mutating func add(_ code: UInt8, _ value: [UInt8]) {
        let parts = (value.count + 254) / 255
        guard !value.isEmpty, bytes.count + value.count + 2 * parts + 1 <= room else { return }
        for start in stride(from: 0, to: value.count, by: 255) {
            let part = value[start..<min(start + 255, value.count)]
            bytes += [code, UInt8(part.count)] + part
        }
    }

    /// The bytes with their end mark.
    var finished: [UInt8] { bytes + [255] }
}

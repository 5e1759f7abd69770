// SPDX-License-Identifier: Apache-2.0

import Hardware

// Virtio 1.2 §2.8. An entry is address, length, buffer ID at 12 and flags at 14; AVAIL is bit 7 of them, USED bit 15.
extension Virtqueue {
    /// Writes a request's entries, all but the flags of the first since `publish`.
    func addPacked(_ request: Request, _ token: UInt32, _ needed: UInt16) {
        let id = freeHead
        freeHead = links[Int(id)]
        if indirect {
            let table = tables + UInt64(id) * UInt64(Request.limit) * 16
            for part in 0..<request.count {
                let segment = request[part]
                let at = table + UInt64(part) * 16
                hw_store64(at, segment.address)
                hw_store32(at + 8, segment.bytes)
                hw_store16(at + 12, 0)
                hw_store16(at + 14, segment.deviceWrites ? 2 : 0)
            }
            put(table, UInt32(request.count * 16), id, flags: 4)
        } else {
            for part in 0..<request.count {
                let segment = request[part]
                let isLast = part == request.count - 1
                put(segment.address, segment.bytes, id, flags: (isLast ? 0 : 1) | (segment.deviceWrites ? 2 : 0))
            }
        }
        free -= needed
        lengths[Int(id)] = needed
        tokens[Int(id)] = token
    }

    private func put(_ address: UInt64, _ bytes: UInt32, _ id: UInt16, flags: UInt16) {
        let entry = next & 0x7FFF
        let at = descriptors + UInt64(entry) * 16
        hw_store64(at, address)
        hw_store32(at + 8, bytes)
        hw_store16(at + 12, id)
        let flags = flags | (next & 0x8000 != 0 ? 0x80 : 0x8000)
        if added == 0 {
            hidden = (entry, flags)
        } else {
            hw_store16(at + 14, flags)
        }
        added += 1
        next = advanced(next, by: 1)
    }

    /// Shows the device everything added; true when it wants to be notified (§2.8.21.3.1).
    func publishPacked() -> Bool {
        guard added > 0 else { return false }
        // Stores are not reordered on x86: what was written before is visible before the flags.
        hw_store16(descriptors + UInt64(hidden.entry) * 16 + 14, hidden.flags)
        hw_fence()
        let wish = hw_load32(used)
        let count = added
        added = 0
        switch wish >> 16 & 3 {
        case 1: return false
        case 2:
            let event = UInt16(wish & 0x7FFF)
            // The event is one of the entries just added.
            let lap: Int32 = (UInt16(truncatingIfNeeded: wish) ^ next) & 0x8000 == 0 ? 0 : Int32(size)
            let distance = Int32(next & 0x7FFF) + lap - Int32(event)
            return distance > 0 && distance <= Int32(count)
        default: return true
        }
    }

    /// Takes one finished request.
    func takePacked() throws(Failure) -> (token: UInt32, bytes: UInt32)? {
        guard isUsed else { return nil }
        let at = descriptors + UInt64(seen & 0x7FFF) * 16
        let (bytes, id) = (hw_load32(at + 8), hw_load16(at + 12))
        guard id < size, lengths[Int(id)] != 0 else {
            throw Failure("used-ring-returns-stranger", seen: UInt64(id))
        }
        // Without WRITE the length says nothing (§2.8.8).
        let isWritten = hw_load16(at + 14) & 2 != 0
        let count = lengths[Int(id)]
        seen = advanced(seen, by: count)
        free += count
        lengths[Int(id)] = 0
        links[Int(id)] = freeHead
        freeHead = id
        return (tokens[Int(id)], isWritten ? bytes : 0)
    }

    /// Asks for an interrupt at the next completion, or for none; true when something is already waiting.
    func wantInterruptsPacked(_ wanted: Bool) -> Bool {
        let flags: UInt32 = wanted ? (eventIndex ? 2 : 0) : 1
        hw_store32(available, UInt32(seen) | flags << 16)
        hw_fence()
        return isUsed
    }

    private var isUsed: Bool {
        hw_load16(descriptors + UInt64(seen & 0x7FFF) * 16 + 14) & 0x8080 == (seen & 0x8000 != 0 ? 0x8080 : 0)
    }

    private func advanced(_ position: UInt16, by count: UInt16) -> UInt16 {
        let entry = (position & 0x7FFF) + count
        return entry < size ? entry | position & 0x8000 : (entry - size) | (position ^ 0x8000) & 0x8000
    }
}

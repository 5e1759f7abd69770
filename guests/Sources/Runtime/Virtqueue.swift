// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The driver's side of a virtqueue, split or packed (virtio 1.2 §2.7 and §2.8).
public final class Virtqueue {
    /// Its number.
    public let index: UInt16
    /// Its size, a power of two.
    public let size: UInt16
    /// Whether it is packed.
    public let packed: Bool
    /// Address of the descriptor table, or of the packed ring.
    public let descriptors: UInt64
    /// Address of the available ring, or of the driver's event suppression structure.
    public let available: UInt64
    /// Address of the used ring, or of the device's event suppression structure.
    public let used: UInt64
    /// Whether requests go by indirect tables.
    public let indirect: Bool
    /// Whether notifications are suppressed by index.
    public let eventIndex: Bool
    private let doorbell: UInt64
    let tables: UInt64
    var tokens: [UInt32]
    var lengths: [UInt16]
    /// Packed: the free buffer ID behind each free one.
    var links: [UInt16]
    var freeHead: UInt16 = 0
    /// Descriptors not in use.
    public internal(set) var free: UInt16
    /// Split: requests made available. Packed: entry, and wrap counter in bit 15.
    var next: UInt16
    private var announced: UInt16 = 0
    /// Split: requests taken back. Packed: entry, and wrap counter in bit 15.
    var seen: UInt16
    /// Packed: entries added since `publish`, and the flags of the first of them, which show all.
    var added: UInt16 = 0
    var hidden: (entry: UInt16, flags: UInt16) = (0, 0)
    /// Notifications sent.
    public private(set) var kicks: UInt64 = 0

    init(index: UInt16, size: UInt16, features: UInt64, doorbell: UInt64) throws(Failure) {
        self.index = index
        self.size = size
        self.doorbell = doorbell
        indirect = features & Features.indirect != 0
        eventIndex = features & Features.eventIndex != 0
        packed = features & Features.packed != 0
        let count = Int(size)
        descriptors = try Physical.allocate(bytes: count * 16)
        available = try Physical.allocate(bytes: count * 2 + 6)
        used = try Physical.allocate(bytes: count * 8 + 6)
        tables = indirect ? try Physical.allocate(bytes: count * Request.limit * 16) : 0
        tokens = [UInt32](repeating: 0, count: count)
        lengths = [UInt16](repeating: 0, count: count)
        links = []
        free = size
        next = packed ? 0x8000 : 0
        seen = next
        if packed {
            for id in 0..<size { links.append(id &+ 1) }
            return
        }
        for entry in 0..<size { hw_store16(descriptors + UInt64(entry) * 16 + 14, entry &+ 1) }
    }

    /// Makes a request available without telling the device; false when there is no room for it.
    public func add(_ request: Request, token: UInt32) -> Bool {
        let count = request.count
        let needed: UInt16 = indirect ? 1 : UInt16(count)
        guard count > 0, needed <= free else { return false }
        if packed {
            addPacked(request, token, needed)
            return true
        }
        let head = freeHead
        if indirect {
            let table = tables + UInt64(head) * UInt64(Request.limit) * 16
            for part in 0..<count {
                write(table + UInt64(part) * 16, request[part], next: UInt16(part + 1), last: part == count - 1)
            }
            let entry = descriptors + UInt64(head) * 16
            freeHead = hw_load16(entry + 14)
            hw_store64(entry, table)
            hw_store32(entry + 8, UInt32(count * 16))
            hw_store16(entry + 12, 4)
        } else {
            var entry = head
            for part in 0..<count {
                let address = descriptors + UInt64(entry) * 16
                let following = hw_load16(address + 14)
                write(address, request[part], next: following, last: part == count - 1)
                entry = following
            }
            freeHead = entry
        }
        free -= needed
        lengths[Int(head)] = needed
        tokens[Int(head)] = token
        hw_store16(available + 4 + UInt64(next & (size - 1)) * 2, head)
        next &+= 1
        return true
    }

    /// Shows the device everything added, and notifies it unless it asked not to be (§2.7.13).
    public func publish() {
        if packed {
            if publishPacked() {
                kicks += 1
                notify()
            }
            return
        }
        // Stores are not reordered on x86: the ring entries are visible before the index.
        hw_store16(available + 2, next)
        hw_fence()
        let old = announced
        announced = next
        guard next != old else { return }
        let wanted: Bool
        if eventIndex {
            let event = hw_load16(used + 4 + UInt64(size) * 8)
            wanted = next &- event &- 1 < next &- old
        } else {
            wanted = hw_load16(used) & 1 == 0
        }
        if wanted {
            kicks += 1
            notify()
        }
    }

    /// Rings the doorbell, wanted or not.
    public func notify() {
        hw_store16(doorbell, index)
    }

    /// Takes one finished request: its token and the bytes the device says it wrote.
    /// - Throws: when the device returns what it was not given.
    public func take() throws(Failure) -> (token: UInt32, bytes: UInt32)? {
        if packed { return try takePacked() }
        guard hw_load16(used + 2) != seen else { return nil }
        let entry = used + 4 + UInt64(seen & (size - 1)) * 8
        let (head, bytes) = (hw_load32(entry), hw_load32(entry + 4))
        guard head < UInt32(size), lengths[Int(head)] != 0 else {
            throw Failure("used-ring-returns-stranger", seen: UInt64(head))
        }
        seen &+= 1
        recycle(UInt16(head))
        return (tokens[Int(head)], bytes)
    }

    /// Asks for an interrupt at the next completion, or for none; true when something is already waiting.
    public func wantInterrupts(_ wanted: Bool) -> Bool {
        if packed { return wantInterruptsPacked(wanted) }
        if eventIndex {
            hw_store16(available + 4 + UInt64(size) * 2, wanted ? seen : seen &- 1)
        } else {
            hw_store16(available, wanted ? 0 : 1)
        }
        hw_fence()
        return hw_load16(used + 2) != seen
    }

    private func recycle(_ head: UInt16) {
        var last = head
        for _ in 1..<max(lengths[Int(head)], 1) { last = hw_load16(descriptors + UInt64(last) * 16 + 14) }
        hw_store16(descriptors + UInt64(last) * 16 + 14, freeHead)
        freeHead = head
        free += lengths[Int(head)]
        lengths[Int(head)] = 0
    }

    func write(_ address: UInt64, _ segment: Segment, next: UInt16, last: Bool) {
        hw_store64(address, segment.address)
        hw_store32(address + 8, segment.bytes)
        hw_store16(address + 12, (last ? 0 : 1) | (segment.deviceWrites ? 2 : 0))
        hw_store16(address + 14, next)
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Bus
import Synchronization

/// Puts BAR windows on the memory bus where the guest programmed them, under running vCPUs.
///
/// A window answers only within the root bus's apertures and where no other window or device does. One that is in
/// the way of another loses nothing: it stays; the newcomer answers as soon as the place is free, as two functions that a
/// guest reprograms one after the other expect.
public final class MemoryDecoder: Sendable {
    private struct Claim {
        let window: any MemoryWindow
        let bytes: UInt64
        let address: UInt64
        var isPlaced: Bool
    }

    private let bus: MemoryBus
    private let apertures: [Range<UInt64>]
    private let claims = Mutex<[Claim]>([])

    /// A decoder for windows inside `apertures`.
    public init(bus: MemoryBus, apertures: [Range<UInt64>]) {
        self.bus = bus
        self.apertures = apertures
    }

    /// Moves a window, or takes it away when `address` is nil. A place it cannot have leaves it silent.
    public func place(_ window: any MemoryWindow, bytes: UInt64, at address: UInt64?) {
        claims.withLock { all in
            if let i = all.firstIndex(where: { $0.window === window }) {
                if all[i].address == address { return }
                let old = all.remove(at: i)
                if old.isPlaced {
                    old.window.removed(from: old.address)
                    bus.remove(start: old.address, device: old.window)
                }
            }
            if let address, contains(address, bytes) {
                all.append(Claim(window: window, bytes: bytes, address: address, isPlaced: false))
            }
            for i in all.indices where !all[i].isPlaced {
                let range = BusRange(start: all[i].address, count: all[i].bytes, device: all[i].window)
                guard bus.insert(range) else { continue }
                all[i].isPlaced = true
                all[i].window.placed(at: all[i].address)
            }
        }
    }

    private func contains(_ address: UInt64, _ bytes: UInt64) -> Bool {
        apertures.contains { $0.contains(address) && $0.upperBound - address >= bytes }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Storage
import Synchronization

/// What all queues know of one logical unit: its identity, its medium and what its driver has yet to hear.
final class SCSIUnit: Sendable {
    let number: Int
    let kind: SCSIKind
    let profile: DiskProfile
    /// Has commands carried out as they are, when the unit is a device of the host.
    let carrier: (any CommandCarrier)?
    let metrics: [BlockMetrics]
    /// Conditions that wait to be told, `Attention` bits.
    private let attentions = Atomic<UInt32>(0)
    /// Bytes of the medium as the driver was last told.
    let capacity: Atomic<UInt64>
    /// The driver trusts its flushes (WCE of the caching mode page).
    let writeCache = Atomic<Bool>(true)
    private let tray: Mutex<Tray>
    /// Counts what may change a view; a queue looks anew when it differs.
    private let changes = Atomic<UInt32>(1)

    /// The medium and the drive around it.
    struct Tray {
        var image: ImageProperties?
        var isOpen = false
        var isLocked = false
        /// What GET EVENT STATUS NOTIFICATION tells next (MMC-6 §6.6.3): 1 eject wished, 2 new medium, 3 medium gone.
        var event: UInt8 = 0
    }

    init(
        number: Int, kind: SCSIKind, profile: DiskProfile, queues: Int, image: ImageProperties?, isOpen: Bool = false,
        carrier: (any CommandCarrier)? = nil
    ) {
        self.number = number
        self.kind = kind
        self.profile = profile
        self.carrier = carrier
        metrics = (0..<queues).map { _ in BlockMetrics() }
        capacity = Atomic(image?.capacity ?? 0)
        tray = Mutex(Tray(image: image, isOpen: isOpen))
    }

    /// How often a view may have changed.
    @inline(__always) var version: UInt32 { changes.load(ordering: .acquiring) }

    private func changed() { changes.wrappingAdd(1, ordering: .releasing) }

    /// The medium has this many bytes now.
    func resize(_ bytes: UInt64) {
        capacity.store(bytes, ordering: .relaxed)
        changed()
        raise(.capacityChanged)
    }

    /// What a command is judged by now.
    func view() -> SCSIView {
        tray.withLock { tray in
            var view = SCSIView(kind: kind)
            view.isTrayOpen = tray.isOpen
            view.hasMedium = tray.image != nil
            guard let image = tray.image else { return view }
            view.blockBytes = UInt64(clamping: SCSIUnit.blockBytes(of: image, kind: kind))
            view.blocks = capacity.load(ordering: .relaxed) / view.blockBytes
            view.isReadOnly = image.isReadOnly || kind == .optical
            view.canDiscard = image.canDiscard && !view.isReadOnly
            return view
        }
    }

    /// Bytes of a block.
    static func blockBytes(of image: ImageProperties, kind: SCSIKind) -> Int {
        kind == .optical ? 2048 : max(image.logicalBlockBytes, 512)
    }

    /// Blocks of the medium's preferred size in a block, as a power of two (SBC-3 §5.16.2).
    var physicalExponent: UInt8 {
        tray.withLock { tray in
            guard let image = tray.image else { return 0 }
            return UInt8(
                clamping: max(image.physicalBlockBytes / max(image.logicalBlockBytes, 1), 1).trailingZeroBitCount)
        }
    }

    // MARK: Attention

    /// Something is to be told.
    @inline(__always)
    var hasAttention: Bool { attentions.load(ordering: .relaxed) != 0 }

    /// Something happened that the driver must hear of.
    func raise(_ attention: Attention) {
        attentions.bitwiseOr(attention.rawValue, ordering: .relaxed)
    }

    /// Takes the most important condition that waits.
    func takeAttention() -> Sense? {
        for attention in Attention.allCases {
            let old = attentions.bitwiseAnd(~attention.rawValue, ordering: .relaxed).oldValue
            if old & attention.rawValue != 0 { return attention.sense }
        }
        return nil
    }

    /// REPORT LUNS has told what this one would.
    func forgetUnitsChanged() {
        attentions.bitwiseAnd(~Attention.unitsChanged.rawValue, ordering: .relaxed)
    }

    /// Back to how it was switched on; the medium stays where it is.
    func reset() {
        attentions.store(Attention.reset.rawValue, ordering: .relaxed)
        writeCache.store(true, ordering: .relaxed)
        tray.withLock { tray in
            tray.isLocked = false
            tray.event = 0
        }
    }

    // MARK: Tray

    /// The tray now.
    var drive: Tray { tray.withLock { $0 } }

    /// Moves the tray for the driver; nil when it moved.
    func move(open: Bool) -> Sense? {
        tray.withLock { tray in
            if open, tray.isLocked { return .removalPrevented }
            guard tray.isOpen != open else { return nil }
            tray.isOpen = open
            changed()
            if !open, tray.image != nil {
                tray.event = 2
                raise(.mediumChanged)
            }
            return nil
        }
    }

    /// The driver wants the medium to stay, or not any more.
    func lock(_ isLocked: Bool) { tray.withLock { $0.isLocked = isLocked } }

    /// What GET EVENT STATUS NOTIFICATION tells, once.
    func takeMediaEvent() -> (event: UInt8, isOpen: Bool, hasMedium: Bool) {
        tray.withLock { tray in
            defer { tray.event = 0 }
            return (tray.event, tray.isOpen, tray.image != nil && !tray.isOpen)
        }
    }

    /// The host wishes for the medium; false when the driver holds it, which is told of the wish.
    func requestEject(force: Bool) -> Bool {
        tray.withLock { tray in
            if tray.isLocked, !force {
                tray.event = 1
                return false
            }
            tray.isLocked = false
            return true
        }
    }

    /// Another medium, or none, lies in the drive; the tray closes over a new one.
    func replaceMedium(_ image: ImageProperties?) {
        tray.withLock { tray in
            tray.image = image
            capacity.store(image?.capacity ?? 0, ordering: .relaxed)
            tray.isOpen = image == nil
            tray.event = image == nil ? 3 : 2
        }
        changed()
        raise(.mediumChanged)
    }

    /// Takes up what travelled.
    func restore(_ state: SCSIUnitState) {
        attentions.store(state.attentions, ordering: .relaxed)
        writeCache.store(state.writeCache, ordering: .relaxed)
        tray.withLock { tray in
            tray.isOpen = state.isTrayOpen
            tray.isLocked = state.isLocked
            tray.event = min(state.mediaEvent, 3)
        }
        changed()
    }

    /// What travels.
    var state: SCSIUnitState {
        let drive = self.drive
        return SCSIUnitState(
            number: UInt32(clamping: number), attentions: attentions.load(ordering: .relaxed),
            writeCache: writeCache.load(ordering: .relaxed), isTrayOpen: drive.isOpen, isLocked: drive.isLocked,
            mediaEvent: drive.event)
    }
}

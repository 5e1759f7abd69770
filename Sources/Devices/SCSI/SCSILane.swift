// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
internal import Virtio

/// One queue's way to one unit: an engine, when there is a medium, and the storage of its requests.
///
/// It belongs to the queue's thread; the device changes it while that thread is quiet.
@safe
struct SCSILane: ~Copyable {
    let unit: SCSIUnit
    let metrics: BlockMetrics
    let carrier: (any CommandCarrier)?
    let engine: EngineHandle?
    let depth: Int
    let slots: UnsafeMutablePointer<SCSISlot>
    // A stack of slots that are not in flight.
    private let free: UnsafeMutablePointer<Int>
    private(set) var freeCount: Int
    /// Slots of requests that stopped the machine, oldest first.
    let parked: UnsafeMutablePointer<Int>
    var parkedCount = 0
    private var seen: UInt32 = 0
    private var view = SCSIView()
    /// Something was submitted since the last commit.
    var isTouched = false

    init(_ unit: SCSIUnit, queue: Int, engine: EngineHandle?, segments: Int) {
        self.unit = unit
        metrics = unit.metrics[queue]
        self.engine = engine
        carrier = unit.carrier
        let depth = engine.map { max($0.depth, 1) } ?? 0
        self.depth = depth
        unsafe slots = .allocate(capacity: depth)
        unsafe free = .allocate(capacity: depth)
        unsafe parked = .allocate(capacity: depth)
        for i in 0..<depth {
            unsafe (slots + i).initialize(to: SCSISlot(segments: segments))
            unsafe free[i] = i
        }
        freeCount = depth
    }

    deinit {
        unsafe slots.deinitialize(count: depth)
        unsafe slots.deallocate()
        unsafe free.deallocate()
        unsafe parked.deallocate()
    }

    /// Requests that the engine has.
    @inline(__always) var inFlight: Int { depth &- freeCount &- parkedCount }

    /// A slot that is not in flight; there must be one.
    @inline(__always)
    mutating func take() -> Int {
        precondition(freeCount > 0, "A slot is taken where there is none")
        freeCount &-= 1
        // SAFETY: `free` holds `freeCount + 1` numbers below `depth`.
        return unsafe free[freeCount]
    }

    /// Gives a slot back.
    @inline(__always)
    mutating func give(_ index: Int) {
        precondition(freeCount < depth, "A slot is given back twice")
        unsafe free[freeCount] = index
        freeCount &+= 1
    }

    /// What commands are judged by.
    @inline(__always)
    mutating func currentView() -> SCSIView {
        let version = unit.version
        if version != seen {
            seen = version
            view = unit.view()
        }
        return view
    }

    /// Forgets the requests that stopped the machine.
    mutating func dropParked() {
        for i in 0..<parkedCount { give(unsafe parked[i]) }
        parkedCount = 0
    }
}

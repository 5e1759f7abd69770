// SPDX-License-Identifier: Apache-2.0

/// A queue's lanes by number of unit, at addresses that stay.
@safe
final class SCSILanes: @unchecked Sendable {
    private let all: UnsafeMutablePointer<UnsafeMutablePointer<SCSILane>?>

    init() {
        unsafe all = .allocate(capacity: SCSILimits.units)
        unsafe all.initialize(repeating: nil, count: SCSILimits.units)
    }

    deinit {
        for unit in 0..<SCSILimits.units { replace(unit, by: nil) }
        unsafe all.deallocate()
    }

    /// The lane to a unit; nil when there is no such unit.
    @inline(__always)
    subscript(unit: Int) -> UnsafeMutablePointer<SCSILane>? {
        // SAFETY: the number is checked against the length.
        unit >= 0 && unit < SCSILimits.units ? unsafe all[unit] : nil
    }

    /// Puts a lane in the place of another; nobody else looks at them now.
    func replace(_ unit: Int, by lane: consuming SCSILane?) {
        guard unit >= 0, unit < SCSILimits.units else { return }
        if let old = unsafe all[unit] {
            unsafe old.deinitialize(count: 1)
            unsafe old.deallocate()
        }
        unsafe all[unit] = nil
        guard let lane else { return }
        let place = UnsafeMutablePointer<SCSILane>.allocate(capacity: 1)
        unsafe place.initialize(to: lane)
        unsafe all[unit] = place
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Bus
import Glibc
public import Linux
import Synchronization

/// A `DoorbellRegistry` without KVM.
public final class FakeDoorbells: DoorbellRegistry {
    private let bells = Mutex<[(bell: Doorbell, event: Int32)]>([])

    /// A registry without doorbells.
    public init() {}

    /// Adds a doorbell; EEXIST when there is the same one.
    public func attach(_ doorbell: Doorbell, event: Int32) throws(Errno) {
        let isTaken = bells.withLock { bells in
            if bells.contains(where: { $0.bell == doorbell }) { return true }
            bells.append((doorbell, event))
            return false
        }
        if isTaken { throw Errno(code: EEXIST, call: "ioctl KVM_IOEVENTFD") }
    }

    /// Takes a doorbell away.
    public func detach(_ doorbell: Doorbell, event: Int32) {
        bells.withLock { bells in bells.removeAll { $0.bell == doorbell && $0.event == event } }
    }

    /// What the kernel does with a guest's write: rings and says true, or leaves it to user space.
    public func ring(address: UInt64, size: Int, value: UInt64) -> Bool {
        let event = bells.withLock { bells in
            bells.first {
                $0.bell.address == address && ($0.bell.size == size || $0.bell.size == 0)
                    && ($0.bell.value ?? value) == value
            }?.event
        }
        guard let event else { return false }
        EventFD.signal(event)
        return true
    }

    /// Addresses with a doorbell, rising.
    public var addresses: [UInt64] { bells.withLock { $0.map(\.bell.address).sorted() } }
}

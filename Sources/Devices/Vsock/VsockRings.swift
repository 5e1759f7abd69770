// SPDX-License-Identifier: Apache-2.0

public import Linux

/// The kernel's side of a socket device: what `Vhost` is, and what tests put in its place.
///
/// Ring 0 carries packets to the guest, ring 1 from it.
public protocol VsockRings: ~Copyable, Sendable {
    /// Virtio's feature bits that the kernel serves.
    borrowing func features() throws(Errno) -> UInt64
    /// What was negotiated, and whether writes are logged.
    borrowing func setFeatures(_ features: UInt64) throws(Errno)
    /// Where guest memory is.
    borrowing func setMemory(_ regions: [Vhost.Region]) throws(Errno)
    /// Where the kernel notes the pages that it writes.
    borrowing func setLog(at address: UInt) throws(Errno)
    /// A ring's number of descriptors.
    borrowing func setSize(ofRing ring: UInt32, _ size: UInt16) throws(Errno)
    /// The next entry of the available ring to take.
    borrowing func setBase(ofRing ring: UInt32, _ base: UInt16) throws(Errno)
    /// The next entry of the available ring that would be taken.
    borrowing func base(ofRing ring: UInt32) throws(Errno) -> UInt16
    /// Where a ring is.
    borrowing func setAddresses(ofRing ring: UInt32, _ place: Vhost.Ring) throws(Errno)
    /// The eventfd that the driver's kicks signal.
    borrowing func setKick(ofRing ring: UInt32, _ event: Int32?) throws(Errno)
    /// The eventfd that interrupts the driver.
    borrowing func setCall(ofRing ring: UInt32, _ event: Int32?) throws(Errno)
    /// The eventfd that says that a ring is broken.
    borrowing func setError(ofRing ring: UInt32, _ event: Int32?) throws(Errno)
    /// The context ID that the guest is reached by.
    borrowing func setVsockGuestCID(_ cid: UInt64) throws(Errno)
    /// Runs or stops both rings.
    borrowing func setVsockRunning(_ on: Bool) throws(Errno)
}

extension Vhost: VsockRings {}

// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A virtio device whose rings the kernel serves: an open `/dev/vhost-net` or `/dev/vhost-vsock`, see `linux/vhost.h`.
///
/// The order of calls: `setFeatures`, `setMemory`, then for each ring its size, base, addresses, kick and call, and last
/// what makes it run: `setNetBackend` or `setVsockRunning`.
public struct Vhost: ~Copyable, Sendable {
    /// A run of guest memory as this process maps it.
    public struct Region: Sendable, Equatable {
        /// Where the guest sees it.
        public var guestAddress: UInt64
        /// Its length in bytes.
        public var bytes: UInt64
        /// Where this process sees it.
        public var hostAddress: UInt

        /// A region.
        public init(guestAddress: UInt64, bytes: UInt64, hostAddress: UInt) {
            self.guestAddress = guestAddress
            self.bytes = bytes
            self.hostAddress = hostAddress
        }
    }

    /// Where a split ring lies in this process.
    public struct Ring: Sendable, Equatable {
        /// Descriptor table.
        public var descriptors: UInt
        /// Available ring.
        public var available: UInt
        /// Used ring.
        public var used: UInt
        /// The guest's address of the used ring, to log the kernel's writes to it; nil logs none.
        public var log: UInt64?

        /// A ring's place.
        public init(descriptors: UInt, available: UInt, used: UInt, log: UInt64? = nil) {
            self.descriptors = descriptors
            self.available = available
            self.used = used
            self.log = log
        }
    }

    /// VHOST_F_LOG_ALL: the kernel notes every page it writes in the log.
    public static let logsWrites: UInt64 = 1 << 26

    private let file: FileDescriptor

    /// The descriptor's number.
    public var raw: Int32 { file.raw }

    /// Takes over an open vhost device and makes this process its owner, whose memory it works on.
    /// - Throws: `Errno` of `ioctl`: EBUSY when it has an owner already, ENOTTY when it is no vhost device.
    public init(owning file: consuming FileDescriptor) throws(Errno) {
        try Errno.check(clinux_ioctl(file.raw, CLINUX_VHOST_SET_OWNER, 0), "ioctl VHOST_SET_OWNER")
        self.file = file
    }

    /// Virtio's feature bits that the kernel serves.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func features() throws(Errno) -> UInt64 {
        try get(CLINUX_VHOST_GET_FEATURES, "ioctl VHOST_GET_FEATURES")
    }

    /// Says what was negotiated, of the bits in `features`, and whether writes are logged; also while rings run.
    /// - Throws: `Errno` of `ioctl`; EFAULT when the log was not given memory before.
    public borrowing func setFeatures(_ features: UInt64) throws(Errno) {
        try set(CLINUX_VHOST_SET_FEATURES, features, "ioctl VHOST_SET_FEATURES")
    }

    /// Bits of vhost's own protocol (VHOST_BACKEND_F_*).
    /// - Throws: `Errno` of `ioctl`; ENOTTY on kernels without them.
    public borrowing func backendFeatures() throws(Errno) -> UInt64 {
        try get(CLINUX_VHOST_GET_BACKEND_FEATURES, "ioctl VHOST_GET_BACKEND_FEATURES")
    }

    /// Chooses among vhost's own features.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setBackendFeatures(_ features: UInt64) throws(Errno) {
        try set(CLINUX_VHOST_SET_BACKEND_FEATURES, features, "ioctl VHOST_SET_BACKEND_FEATURES")
    }

    /// Says where guest memory is: up to eight regions.
    /// - Throws: `Errno` of `ioctl`; E2BIG for more regions.
    public borrowing func setMemory(_ regions: [Region]) throws(Errno) {
        let words = regions.flatMap { [$0.guestAddress, $0.bytes, UInt64($0.hostAddress)] }
        let r = unsafe words.withUnsafeBufferPointer {
            unsafe clinux_vhost_set_memory(file.raw, $0.baseAddress, UInt32(regions.count))
        }
        try Errno.check(r, "ioctl VHOST_SET_MEM_TABLE")
    }

    /// Says where the kernel notes the pages it writes: one bit for each 4 KiB of guest-physical space, the least
    /// significant first, set atomically. The memory must outlive the device.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setLog(at address: UInt) throws(Errno) {
        try set(CLINUX_VHOST_SET_LOG_BASE, UInt64(address), "ioctl VHOST_SET_LOG_BASE")
    }

    // MARK: Rings

    /// Sets a ring's number of descriptors.
    /// - Throws: `Errno` of `ioctl`; EBUSY while it runs.
    public borrowing func setSize(ofRing ring: UInt32, _ size: UInt16) throws(Errno) {
        var number = UInt32(size)
        try Errno.check(
            unsafe clinux_vhost_ring_state(file.raw, CLINUX_VHOST_SET_VRING_NUM, ring, &number),
            "ioctl VHOST_SET_VRING_NUM")
    }

    /// Sets the next entry of the available ring that the kernel takes; the used index it reads from the ring.
    /// - Throws: `Errno` of `ioctl`; EBUSY while the ring runs.
    public borrowing func setBase(ofRing ring: UInt32, _ base: UInt16) throws(Errno) {
        var number = UInt32(base)
        try Errno.check(
            unsafe clinux_vhost_ring_state(file.raw, CLINUX_VHOST_SET_VRING_BASE, ring, &number),
            "ioctl VHOST_SET_VRING_BASE")
    }

    /// The next entry of the available ring that the kernel would take; exact while the ring does not run.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func base(ofRing ring: UInt32) throws(Errno) -> UInt16 {
        var number: UInt32 = 0
        try Errno.check(
            unsafe clinux_vhost_ring_state(file.raw, CLINUX_VHOST_GET_VRING_BASE, ring, &number),
            "ioctl VHOST_GET_VRING_BASE")
        return UInt16(truncatingIfNeeded: number)
    }

    /// Says where a ring is.
    /// - Throws: `Errno` of `ioctl`; EINVAL for a misaligned part, EFAULT for memory that is not there.
    public borrowing func setAddresses(ofRing ring: UInt32, _ place: Ring) throws(Errno) {
        try Errno.check(
            clinux_vhost_ring_addresses(
                file.raw, ring, UInt64(place.descriptors), UInt64(place.available), UInt64(place.used),
                place.log == nil ? 0 : 1, place.log ?? 0),
            "ioctl VHOST_SET_VRING_ADDR")
    }

    /// Gives the eventfd that the driver's kicks signal; nil takes it away.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setKick(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        try setFile(CLINUX_VHOST_SET_VRING_KICK, ring, event, "ioctl VHOST_SET_VRING_KICK")
    }

    /// Gives the eventfd that the kernel signals to interrupt the driver; nil interrupts nobody.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setCall(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        try setFile(CLINUX_VHOST_SET_VRING_CALL, ring, event, "ioctl VHOST_SET_VRING_CALL")
    }

    /// Gives the eventfd that the kernel signals when it finds the ring broken and leaves it; nil tells nobody.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setError(ofRing ring: UInt32, _ event: Int32?) throws(Errno) {
        try setFile(CLINUX_VHOST_SET_VRING_ERR, ring, event, "ioctl VHOST_SET_VRING_ERR")
    }

    // MARK: Kinds of device

    /// Runs a ring of a vhost-net on a tap (or socket); nil stops it and returns when what was under way is done.
    /// - Throws: `Errno` of `ioctl`; EFAULT when the ring was not set up.
    public borrowing func setNetBackend(ofRing ring: UInt32, _ tap: Int32?) throws(Errno) {
        try setFile(CLINUX_VHOST_NET_SET_BACKEND, ring, tap, "ioctl VHOST_NET_SET_BACKEND")
    }

    /// Sets the context ID that a vhost-vsock's guest is reached by.
    /// - Throws: `Errno` of `ioctl`; EADDRINUSE when another guest has it, EINVAL for 0 to 2.
    public borrowing func setVsockGuestCID(_ cid: UInt64) throws(Errno) {
        try set(CLINUX_VHOST_VSOCK_SET_GUEST_CID, cid, "ioctl VHOST_VSOCK_SET_GUEST_CID")
    }

    /// Runs or stops the rings of a vhost-vsock.
    /// - Throws: `Errno` of `ioctl`; EFAULT when a ring was not set up.
    public borrowing func setVsockRunning(_ on: Bool) throws(Errno) {
        var value: Int32 = on ? 1 : 0
        // SAFETY: the kernel reads one int.
        try Errno.check(
            unsafe clinux_ioctl_pointer(file.raw, CLINUX_VHOST_VSOCK_SET_RUNNING, &value),
            "ioctl VHOST_VSOCK_SET_RUNNING")
    }

    // MARK: Parts

    private borrowing func get(_ request: UInt, _ call: StaticString) throws(Errno) -> UInt64 {
        var value: UInt64 = 0
        // SAFETY: these requests store 64 bits.
        try Errno.check(unsafe clinux_vhost_value(file.raw, request, &value), call)
        return value
    }

    private borrowing func set(_ request: UInt, _ value: UInt64, _ call: StaticString) throws(Errno) {
        var value = value
        // SAFETY: these requests read 64 bits.
        try Errno.check(unsafe clinux_vhost_value(file.raw, request, &value), call)
    }

    private borrowing func setFile(
        _ request: UInt, _ ring: UInt32, _ raw: Int32?, _ call: StaticString
    ) throws(Errno) {
        try Errno.check(clinux_vhost_ring_file(file.raw, request, ring, raw ?? -1), call)
    }
}

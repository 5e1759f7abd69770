// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// One queue of a tap interface, see the kernel's `networking/tuntap.rst`.
public struct Tap: ~Copyable, FramePort {
    let file: FileDescriptor
    /// The interface's name in the network namespace it was opened in.
    public let name: String
    /// What the kernel can hand to a reader.
    public let supportedOffloads: Offloads
    /// The interface's MTU at the time it was opened.
    public let mtu: UInt16?
    /// One of several queues that the interface can have (IFF_MULTI_QUEUE).
    public let isMultiQueue: Bool

    /// The descriptor's number.
    public var raw: Int32 { file.raw }

    /// Takes over a descriptor that somebody attached to a tap, and makes it non-blocking with a header of 12 bytes.
    /// - Parameter mtu: the interface's MTU; nil asks the network namespace of the caller for it, which fails quietly
    ///   when the tap lives in another.
    /// - Throws: `TapError` when it is no tap or was not opened with IFF_VNET_HDR and IFF_NO_PI.
    public init(owning file: consuming FileDescriptor, mtu: UInt16? = nil) throws(TapError) {
        let (name, flags) = try Tap.identity(of: file)
        guard flags & UInt32(IFF_TAP) != 0 else { throw .notATap(name) }
        guard flags & UInt32(IFF_VNET_HDR) != 0, flags & UInt32(IFF_NO_PI) != 0 else { throw .wrongFlags(name) }
        let supported: Offloads
        do throws(Errno) {
            var headerBytes = Int32(FrameLimits.headerBytes)
            // SAFETY: TUNSETVNETHDRSZ reads one int.
            try Errno.check(
                unsafe clinux_ioctl_pointer(file.raw, CLINUX_TUNSETVNETHDRSZ, &headerBytes), "ioctl TUNSETVNETHDRSZ")
            supported = Tap.probe(file)
            try Tap.set([], of: file)
            try file.setNonblocking()
        } catch {
            throw .failed(name, error)
        }
        self.file = file
        self.name = name
        supportedOffloads = supported
        isMultiQueue = flags & UInt32(IFF_MULTI_QUEUE) != 0
        self.mtu = mtu ?? Tap.mtu(of: name)
    }

    /// Gives up the descriptor, still attached.
    public consuming func release() -> FileDescriptor { file }

    /// Attaches to an existing tap of this network namespace, or to one more queue of it when it can have several.
    /// - Throws: `TapError`; never makes an interface that was not there.
    public static func open(_ name: String) throws(TapError) -> Tap {
        let isLegal = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
        guard !name.isEmpty, name.utf8.count < Int(IFNAMSIZ), isLegal, name != ".", name != "..",
            !name.utf8.contains(UInt8(ascii: "%"))
        else { throw .badName(name) }
        var flags: Int32 = 0
        // Attaching to a name that nobody has would create an interface, and it would vanish with us.
        let found = unsafe name.withCString { unsafe clinux_interface_flags($0, &flags) }
        if found == -Int(ENODEV) || found == -Int(ENXIO) { throw .missing(name) }
        if found < 0 { throw .failed(name, Errno(code: Int32(-found), call: "ioctl SIOCGIFFLAGS")) }
        let file = try driver(for: name)
        try attach(file, to: name)
        return try Tap(owning: file)
    }

    /// Says what frames the reader takes from now on.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setOffloads(_ offloads: Offloads) throws(Errno) { try Tap.set(offloads, of: file) }

    /// Says whether this queue takes part (TUNSETQUEUE); the only queue of a tap always does.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setAttached(_ attached: Bool) throws(Errno) {
        guard isMultiQueue else { return }
        let r = clinux_tun_set_queue(file.raw, attached ? 1 : 0)
        // EINVAL: it is so already.
        if r != -Int(EINVAL) { try Errno.check(r, "ioctl TUNSETQUEUE") }
    }

    /// Shows the host the cable's state (TUNSETCARRIER); kernels before 5.0 cannot.
    public borrowing func setCarrier(_ up: Bool) { _ = clinux_tun_set_carrier(file.raw, up ? 1 : 0) }

    /// Has the kernel drop frames to other destinations (TUNSETTXFILTER).
    ///
    /// It compares eight addresses and hashes further multicast ones; beyond what it can do it lets everything through.
    /// - Throws: `Errno` of `ioctl`.
    public borrowing func setFilter(_ filter: DestinationFilter) throws(Errno) {
        let bytes = filter.kernelBytes
        // SAFETY: the kernel reads the header and the number of addresses that it names.
        let r = unsafe bytes.withUnsafeBytes { unsafe clinux_tun_set_filter(file.raw, $0.baseAddress) }
        try Errno.check(r, "ioctl TUNSETTXFILTER")
    }

    /// Takes one frame with its header.
    /// - Throws: `Errno` of `readv`; EIO when the interface is gone, EBADFD when it is detached.
    @inline(__always)
    public borrowing func receive(_ span: IOSpan) throws(Errno) -> Int? {
        while true {
            // SAFETY: the entries describe memory that outlives the call; `skip` is zero in a span just made.
            let r = unsafe clinux_readv(file.raw, span.base, Int32(min(span.count, 1024)))
            if r >= 0 { return r }
            if r == -Int(EAGAIN) { return nil }
            if r != -Int(EINTR) { throw Errno(code: Int32(truncatingIfNeeded: 0 &- r), call: "readv") }
        }
    }

    /// Sends one frame with its header.
    /// - Throws: `Errno` of `writev`.
    @inline(__always)
    public borrowing func send(_ span: IOSpan) throws(Errno) -> Int? {
        while true {
            // SAFETY: as in `receive`.
            let r = unsafe clinux_writev(file.raw, span.base, Int32(min(span.count, 1024)))
            if r >= 0 { return r }
            if r == -Int(EAGAIN) { return nil }
            if r != -Int(EINTR) { throw Errno(code: Int32(truncatingIfNeeded: 0 &- r), call: "writev") }
        }
    }

    // MARK: Parts

    private static func driver(for name: String) throws(TapError) -> FileDescriptor {
        do throws(Errno) {
            return try FileDescriptor.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
        } catch {
            switch error.code {
            case ENOENT, ENXIO, ENODEV: throw .noDriver
            case EACCES, EPERM: throw .forbidden(name)
            default: throw .failed(name, error)
            }
        }
    }

    private static func attach(_ file: borrowing FileDescriptor, to name: String) throws(TapError) {
        let wanted = Int(IFF_TAP) | Int(IFF_NO_PI) | Int(IFF_VNET_HDR)
        func ask(_ flags: Int) -> Int {
            unsafe name.withCString { unsafe clinux_tun_attach(file.raw, $0, Int16(truncatingIfNeeded: flags)) }
        }
        var r = ask(wanted)
        // A tap made for several queues takes only those who know that.
        if r == -Int(EINVAL) { r = ask(wanted | Int(IFF_MULTI_QUEUE)) }
        switch Int32(truncatingIfNeeded: 0 &- r) {
        case ...0: return
        case EBUSY: throw .busy(name)
        case EPERM, EACCES: throw .forbidden(name)
        // The name belongs to another kind of interface, or to a tap with other flags.
        case EINVAL, EEXIST: throw .notATap(name)
        case let code: throw .failed(name, Errno(code: code, call: "ioctl TUNSETIFF"))
        }
    }

    private static func identity(of file: borrowing FileDescriptor) throws(TapError) -> (String, UInt32) {
        var flags: UInt32 = 0
        var bytes = [CChar](repeating: 0, count: Int(IFNAMSIZ) + 1)
        // SAFETY: the call stores IFNAMSIZ bytes, which the array has room for; its last byte stays zero.
        let r = unsafe bytes.withUnsafeMutableBufferPointer { p -> Int in
            guard let name = p.baseAddress else { return -Int(EFAULT) }
            return unsafe clinux_tun_identity(file.raw, name, &flags)
        }
        let label = "descriptor \(file.raw)"
        switch Int32(truncatingIfNeeded: 0 &- r) {
        case ...0:
            return (String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), flags)
        case ENOTTY, EINVAL, EBADFD: throw .notATap(label)
        case let code: throw .failed(label, Errno(code: code, call: "ioctl TUNGETIFF"))
        }
    }

    private static func set(_ offloads: Offloads, of file: borrowing FileDescriptor) throws(Errno) {
        try Errno.check(clinux_ioctl(file.raw, CLINUX_TUNSETOFFLOAD, UInt(offloads.rawValue)), "ioctl TUNSETOFFLOAD")
    }

    // Kernels refuse the whole set when they do not know one of its bits.
    private static func probe(_ file: borrowing FileDescriptor) -> Offloads {
        let basic: Offloads = [.checksum, .tcp4, .tcp6, .congestion]
        var supported: Offloads = []
        for more: Offloads in [basic, .fragmentation, .udpSegments] {
            let r = clinux_ioctl(file.raw, CLINUX_TUNSETOFFLOAD, UInt(supported.union(more).rawValue))
            if r == 0 { supported.formUnion(more) }
        }
        return supported
    }

    private static func mtu(of name: String) -> UInt16? {
        var mtu: Int32 = 0
        guard unsafe name.withCString({ unsafe clinux_interface_mtu($0, &mtu) }) == 0 else { return nil }
        return UInt16(exactly: mtu)
    }
}

// SPDX-License-Identifier: Apache-2.0

import CLinux
import Linux
import Synchronization

/// Runs a test on a thread in a network namespace of its own, so that no interface of the host is touched.
public enum Namespace {
    private final class Outcome: Sendable {
        let isPrepared = Atomic<Bool>(false)
        let failure = Mutex<(any Error)?>(nil)
    }

    /// Calls `body` with the names of its taps made; false when this host permits no namespace or has no tun driver.
    /// - Parameters:
    ///   - isMultiQueue: the taps are made for several queues.
    ///   - isQuiet: no interface speaks by itself, as IPv6 does.
    public static func run(
        taps: [String], isMultiQueue: Bool = false, isQuiet: Bool = false, _ body: @escaping @Sendable () throws -> Void
    )
        throws
        -> Bool
    {
        let outcome = Outcome()
        let thread = try OSThread(name: "netns", stackBytes: 1 << 20) {
            guard clinux_new_network_namespace() == 0 else { return }
            do {
                if isQuiet { try silence() }
                for name in taps { try make(name, isMultiQueue: isMultiQueue) }
                outcome.isPrepared.store(true, ordering: .releasing)
                try body()
            } catch {
                outcome.failure.withLock { $0 = error }
            }
        }
        thread.join()
        if outcome.isPrepared.load(ordering: .acquiring), let failure = outcome.failure.withLock({ $0 }) {
            throw failure
        }
        return outcome.isPrepared.load(ordering: .acquiring)
    }

    /// Interfaces made from now on have no IPv6; a kernel without it is silent already.
    private static func silence() throws(Errno) {
        guard let file = try? FileDescriptor.open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY) else {
            return
        }
        try file.writeAll([UInt8(ascii: "1")])
    }

    /// Makes a persistent tap as `ip tuntap add NAME mode tap vnet_hdr` does, and brings it up.
    private static func make(_ name: String, isMultiQueue: Bool) throws(Errno) {
        let file = try FileDescriptor.open("/dev/net/tun", O_RDWR)
        let several = isMultiQueue ? Int(IFF_MULTI_QUEUE) : 0
        let flags = Int16(truncatingIfNeeded: Int(IFF_TAP) | Int(IFF_NO_PI) | Int(IFF_VNET_HDR) | several)
        try Errno.check(name.withCString { clinux_tun_attach(file.raw, $0, flags) }, "ioctl TUNSETIFF")
        try Errno.check(clinux_tun_persist(file.raw, 1), "ioctl TUNSETPERSIST")
        try Errno.check(name.withCString { clinux_interface_set_up($0, 1) }, "ioctl SIOCSIFFLAGS")
    }

    /// Whether there is an interface of this name.
    public static func has(_ name: String) -> Bool {
        var flags: Int32 = 0
        return name.withCString { clinux_interface_flags($0, &flags) } == 0
    }
}
